"""Questions use the rate that sending uses, and are refused for it in each dialect's words; long answers come in
pages.
"""

from __future__ import annotations

import json

import msgspec
import pytest

from aldis.dialects.exchange import HttpRequest
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.store import Store
from tests.backends import apply
from tests.dialects.asking import Asker, delete, get, post
from tests.fakes.clock import FakeClock
from tests.store.building import a_message

BEARER = {"authorization": "Bearer slow-native"}
MAVO = "?token=slow-mavorion"
SKY = "/API/wxml/1.3/index.php?action={}&api_key=slow-skycore&campaignid=77676&mobile=14805550101"
USAGE = '{"from":"2026-01-01","to":"2026-01-02"}'
TOO_MUCH = b"The Current Account has sent too many messages; try again later."
LEGACY = """
[[account]]
name = "older"
rate_per_s = 1.0
networks = ["127.0.0.0/8"]
[[account.credential]]
dialect = "sumotext"
key = "shortcode:84700"
country = "US"
"""

QUESTIONS = {
    "native status": (get("/v1/messages/1", **BEARER), 429, b'"code":"throttled"'),
    "native cancellation": (delete("/v1/messages/1", **BEARER), 429, b'"code":"throttled"'),
    "native balance": (get("/v1/balance", **BEARER), 429, b'"code":"throttled"'),
    "mavorion status": (get(f"/rest/mtsms/1{MAVO}"), 429, b"0x0309"),
    "mavorion cancellation": (delete("/rest/mtsms/1", authorization="Token slow-mavorion"), 429, b"0x0309"),
    "mavorion balance": (get(f"/rest/me{MAVO}"), 429, b"0x0309"),
    "mavorion usage": (post(f"/api/usage/labels{MAVO}", USAGE, "application/json"), 429, b"0x0309"),
    "mavorion inbound": (get(f"/rest/mosms{MAVO}&from=2026-01-01&to=2026-01-02"), 429, b"0x0309"),
    "mavorion lookup": (
        post(f"/rest/hlr{MAVO}", '{"msisdns":[4512345678]}', "application/json"),
        429,
        b"0x0309",
    ),
    "mavorion prices": (get(f"/rest/prices/list/sms/json{MAVO}"), 429, b"0x0309"),
    "skycore subscription": (get(SKY.format("subscribe")), 200, b"<ERRORCODE>E106<"),
    "sumotext lookup": (get("/api/sumolookup/lookup?apikey=slow-sumotext&mobile=4805550101"), 200, TOO_MUCH),
    "sumotext report": (get("/secure/sumoReport.aspx?shortcode=84700&smsid=A"), 200, b"A:ERROR 1014: "),
    "sumotext older lookup": (
        get("/secure/sumoLookup.aspx?shortcode=84700&mobile=4805550101"),
        200,
        b"ERROR 1014",
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_question_counts_as_a_message(name: str, demo_store: Store, clock: FakeClock) -> None:
    await apply(demo_store, LEGACY, clock.now())
    asker = await Asker.over(demo_store, clock)
    question, status, words = QUESTIONS[name]
    first = await asker.ask(question)
    assert words not in first.body
    refused = await asker.ask(question)
    assert (refused.status, words in refused.body) == (status, True), refused.body
    clock.advance(1)
    again = await asker.ask(question)
    assert (again.status, again.body[:20]) == (first.status, first.body[:20])


def sending(key: str) -> HttpRequest:
    body = '{"to":"4512345678","from":"74700","text":"x"}'
    return post(
        "/v1/messages", body, "application/json", authorization="Bearer slow-native", idempotency_key=key
    )


async def test_sending_and_asking_share_the_rate_and_a_repetition_uses_none(
    demo_store: Store, clock: FakeClock
) -> None:
    asker = await Asker.over(demo_store, clock)
    first = await asker.ask(sending("a"))
    assert first.status == 202
    assert (await asker.ask(sending("b"))).status == 429
    for _ in range(3):
        repeated = await asker.ask(sending("a"))
        assert (repeated.status, repeated.body) == (202, first.body)
    assert (await asker.ask(get("/v1/balance", **BEARER))).status == 429
    clock.advance(1)
    assert (await asker.ask(get("/v1/balance", **BEARER))).status == 200
    assert (await asker.ask(sending("b"))).status == 429


async def kept(store: Store, dialect: str, count: int) -> None:
    first = a_message(1000, dialect=dialect, reference="1000", price_micros=0)
    messages = tuple(msgspec.structs.replace(first, message_id=1000 + number) for number in range(count))
    assert await store.admission.accept(Acceptance(1, prepaid=True, messages=messages)) is None


async def test_a_status_comes_in_pages(demo_store: Store, clock: FakeClock) -> None:
    await kept(demo_store, "aldis", 2_500)
    asker = await Asker.over(demo_store, clock)
    sizes: list[int] = []
    ids: list[int] = []
    after: str | None = ""
    while after is not None:
        reply = await asker.ask(
            get(f"/v1/messages/1000?after={after or 0}", authorization="Bearer demo-native")
        )
        page = json.loads(reply.body)
        sizes.append(len(page["messages"]))
        ids += [int(message["id"]) for message in page["messages"]]
        after = page.get("next")
    assert (sizes, ids) == ([1000, 1000, 500], list(range(1000, 3500)))


@pytest.mark.parametrize(
    ("query", "ids", "following"),
    [
        ("limit=2", [1000, 1001], "1001"),
        ("limit=2&after=1001", [1002, 1003], "1003"),
        ("limit=2&after=1002", [1003, 1004], None),
        ("limit=5", [1000, 1001, 1002, 1003, 1004], None),
    ],
)
async def test_a_page_says_whether_there_is_another(
    query: str, ids: list[int], following: str | None, demo_store: Store, clock: FakeClock
) -> None:
    await kept(demo_store, "aldis", 5)
    asker = await Asker.over(demo_store, clock)
    page = json.loads(
        (await asker.ask(get(f"/v1/messages/1000?{query}", authorization="Bearer demo-native"))).body
    )
    assert [int(message["id"]) for message in page["messages"]] == ids
    assert page.get("next") == following


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=-1", f"limit={'9' * 5000}", "after=²", "%ff"]
)
async def test_what_is_no_page_is_said(query: str, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    reply = await asker.ask(get(f"/v1/messages/1000?{query}", authorization="Bearer demo-native"))
    assert (reply.status, json.loads(reply.body)["parameter"]) == (422, "limit")


async def test_mavorion_tells_of_all_that_one_request_made(demo_store: Store, clock: FakeClock) -> None:
    await kept(demo_store, "mavorion", 600)
    asker = await Asker.over(demo_store, clock)
    reply = await asker.ask(get("/rest/mtsms/1000?token=demo-mavorion"))
    assert len(json.loads(reply.body)["recipients"]) == 600
