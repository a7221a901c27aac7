"""Webhooks of Aldis's own API, and keys of idempotency in the middle of things."""

from __future__ import annotations

import asyncio
import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.endpoint import Endpoint
from aldis.dialects import native
from aldis.dialects.signing import key_of, signature
from aldis.store.contract.store import Store
from aldis.traffic.inbound import DueInbound, InboundFacts
from aldis.traffic.postback import Notify, PostbackEvent
from aldis.traffic.states import State
from aldis.traffic.submission import MessageAsk
from tests.dialects.asking import Asker
from tests.dialects.golden_native import native as request
from tests.dialects.test_contract import due
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = bytes.fromhex("31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0")


def test_a_signature_is_that_of_the_specifications_libraries() -> None:
    """The vector that every library of Standard Webhooks tests itself with."""
    signed = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}', SECRET)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        (SECRET, KEY),
        (SECRET.removeprefix("whsec_"), KEY),
        # without padding, or with more than is needed
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS=", KEY[:-1]),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", KEY[:-1]),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa", KEY[:-2]),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa====", KEY[:-2]),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa", KEY[:-2]),
        # as it is copied
        (SECRET + "\n", KEY),
        (" " + SECRET + " \t", KEY),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa \r\n", KEY[:-2]),
        ("whsec_ MfKQ9r8GKYqr TwjUPD8ILPZIo2LaLaSw", KEY),
        ("\u00a0" + SECRET, KEY),
        # no base64
        ("no base64!", b"no base64!"),
        ("\ufeffwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\u200b", KEY),
        ("\u200e MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\u00a0\u2060", KEY),
        ("whsec_", b"whsec_"),
        ("whsec_A", b"whsec_A"),
        ("päss", "päss".encode()),
    ],
)
def test_a_secret_is_read_as_receivers_do(secret: str, key: bytes) -> None:
    assert key_of(secret) == key


@given(st.binary(min_size=1, max_size=80), st.sampled_from(["", "\n", " ", "\r\n"]), st.booleans())
def test_any_key_is_read_however_it_is_written(key: bytes, behind: str, padded: bool) -> None:  # noqa: FBT001
    text = base64.b64encode(key).decode()
    assert key_of("whsec_" + (text if padded else text.rstrip("=")) + behind) == key


def test_a_webhook_is_the_same_each_time_but_for_the_time() -> None:
    told = due(PostbackEvent.ENDED, State.UNDELIVERED, "034")
    first = native.POLICY.postback([told], Endpoint("https://x/", secret=SECRET), NOON)
    again = native.POLICY.postback([told], Endpoint("https://x/", secret=SECRET), NOON + 5000)
    assert first.body == again.body
    assert json.loads(first.body) == {
        "type": "message.undelivered",
        "timestamp": "2026-11-21T12:00:00.262Z",
        "data": {
            "id": "SMS_12345",
            "message_id": "12345",
            "to": "15551234888",
            "from": "60856",
            "country": "US",
            "status": "undelivered",
            "error": "034",
            "segments": 1,
            "price": "0.05",
            "reference": "",
        },
    }
    headers, later = dict(first.headers), dict(again.headers)
    assert headers["webhook-id"] == later["webhook-id"] == "msg_325"
    assert (headers["webhook-timestamp"], later["webhook-timestamp"]) == ("1795262400", "1795262405")
    assert headers["webhook-signature"] == signature("msg_325", "1795262400", first.body, SECRET)
    assert headers["webhook-signature"] != later["webhook-signature"]
    assert "webhook-signature" not in dict(
        native.POLICY.postback([told], Endpoint("https://x/"), NOON).headers
    )


def test_what_a_handset_wrote() -> None:
    facts = InboundFacts(7, "link", "447700900123", "74700", "demo hi", "demo", "", 1, 1, "aldis", NOON)
    written = native.POLICY.inbound(DueInbound(9, "lane", 0, facts), Endpoint("https://x/"), NOON)
    assert json.loads(written.body) == {
        "type": "inbound.received",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "data": {
            "id": "7",
            "from": "447700900123",
            "to": "74700",
            "text": "demo hi",
            "keyword": "demo",
            "segments": 1,
        },
    }
    assert dict(written.headers)["webhook-id"] == "msg_9"


def test_webhooks_tell_what_was_asked_for() -> None:
    ask = MessageAsk(recipients=("1",), text="x")
    assert native.POLICY.notify(ask) == Notify.ENDED
    every = msgspec.structs.replace(ask, echo={"receipts": "all"})
    assert native.POLICY.notify(every) == Notify.ENDED | Notify.SENT
    assert native.POLICY.notify(msgspec.structs.replace(ask, wants_receipt=False)) == Notify.NOTHING


async def test_a_repetition_gets_the_first_answer_octet_by_octet(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    asked = request(to=["4512345678", "4512345679"], idempotency_key="once")
    first, *others = await asyncio.gather(*(asker.ask(asked) for _ in range(5)))
    clock.advance(3600)
    others.append(await asker.ask(asked))
    assert first.status == 202
    replies = [first, *others]
    assert {reply.body for reply in replies} == {first.body}
    assert sum((b"idempotency-replayed", b"true") in reply.headers for reply in replies) == 5
    assert await demo_store.metrics.count_by_state() == {"queued": 2}


async def test_a_key_that_was_refused_may_be_used_again(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    assert (await asker.ask(request(to="abc", idempotency_key="x"))).status == 422
    assert (await asker.ask(request(idempotency_key="x"))).status == 202


@pytest.mark.journey
async def test_the_whole_way_with_webhooks(whole: WholeGateway, customer: FakeCustomer) -> None:
    body = {"to": "447700900101", "text": "Hi", "receipts": "all", "reference": "mine"}
    headers = {"authorization": "Bearer demo-native", "idempotency-key": "way"}
    async with whole.session.post(whole.base + "/v1/messages", json=body, headers=headers) as answer:
        assert (answer.status, answer.headers["location"]) == (202, "/v1/messages/k-way")
    came = await customer.wait_for(2, "/aldis")
    told = [json.loads(each.body) for each in came]
    assert [each["type"] for each in told] == ["message.sent", "message.delivered"]
    assert {each["data"]["reference"] for each in told} == {"mine"}
    secret = "whsec_ZGVtby1uYXRpdmUtd2ViaG9va3MtMDEyMzQ1Njc4OQ=="
    for each in came:
        head = each.headers
        wanted = signature(head["webhook-id"], head["webhook-timestamp"], each.body, secret)
        assert head["webhook-signature"] == wanted
    async with whole.session.get(whole.base + "/v1/messages/k-way", headers=headers) as answer:
        assert (await answer.json())["messages"][0]["status"] == "delivered"
