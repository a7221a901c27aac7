"""SUMOTEXT's older API: the requests that its published clients write, and the lines that they split."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.dialects.exchange import HttpRequest
from aldis.dialects.sumotext import legacy
from aldis.store.contract.store import Store
from aldis.traffic.refusal import RefusalReason
from aldis.traffic.states import State
from tests.backends import apply
from tests.dialects.asking import Asker, get, post
from tests.dialects.test_anything import relaxed
from tests.fakes.clock import FakeClock
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

WORLD = """
[[account]]
name = "older"
credit = "0.10"
networks = ["127.0.0.0/8"]
[[account.sender]]
value = "84700"
keywords = ["SUMO"]
[[account.credential]]
dialect = "sumotext"
key = "shortcode:84700"
country = "US"
[[opt_in]]
sender = "84700"
topic = "SUMO"
numbers = ["14805550100-14805550199"]
"""
GUID = r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"
MOBILE = "4805550101"
GOOD = {
    "mobile": MOBILE,
    "carrier": "VERIZONUS",
    "shortcode": "84700",
    "key": "SUMO",
    "msg": "have+a+nice+day",
}


def asked(path: str, values: dict[str, str]) -> HttpRequest:
    return get(f"{path}?" + "&".join(f"{name}={value}" for name, value in values.items()))


async def asker_of(store: Store, clock: FakeClock) -> Asker:
    await apply(store, WORLD, clock.now())
    return await Asker.over(store, clock)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, f"{MOBILE}:{GUID}"),
        ({"key": "default"}, f"{MOBILE}:{GUID}"),
        ({"shortcode": "74700"}, f"{MOBILE}:NOTIP"),
        ({"shortcode": ""}, f"{MOBILE}:NOTIP"),
        ({"mobile": "2025550100"}, "2025550100:NOTOPT"),
        ({"key": "other"}, f"{MOBILE}:NOTOPT"),
        ({"mobile": "abc"}, "abc:NOTFOUND"),
        ({"mobile": ""}, ":NOTFOUND"),
        ({"mobile": "<b>"}, "&lt;b&gt;:NOTFOUND"),
        ({"carrier": ""}, f"{MOBILE}:ERROR 9"),
        ({"msg": ""}, f"{MOBILE}:ERROR 1006"),
        ({"msg": "x" * 500}, f"{MOBILE}:ERROR 1013"),
        ({"msg": "%ff"}, ":ERROR 1001"),
    ],
)
async def test_sending(changes: dict[str, str], line: str, demo_store: Store, clock: FakeClock) -> None:
    asker = await asker_of(demo_store, clock)
    reply = await asker.ask(asked(legacy.SEND, GOOD | changes))
    assert (reply.status, reply.content_type) == (200, b"text/html; charset=utf-8")
    assert re.fullmatch(line, reply.body.decode()), reply.body
    assert sum((await demo_store.metrics.count_by_state()).values()) == ("(" in line)


async def test_looking_up(demo_store: Store, clock: FakeClock) -> None:
    asker = await asker_of(demo_store, clock)
    for mobile, shortcode, line in (
        (MOBILE, "84700", b"VERIZONUS"),
        ("2025550100", "84700", b"ERROR CARRIER NOT FOUND FOR: 2025550100"),
        ("", "84700", b"ERROR CARRIER NOT FOUND FOR: "),
        (MOBILE, "1", b"IP NOT REGISTERED"),
    ):
        request = asked(legacy.LOOKUP, {"mobile": mobile, "shortcode": shortcode})
        assert (await asker.ask(request)).body == line


@pytest.mark.journey
async def test_a_message_and_its_reports(whole: WholeGateway, customer: FakeCustomer) -> None:
    store = whole.gateway.store
    text = WORLD.replace("0.10", "1.00")
    await apply(store, text, 0)
    line = f"{MOBILE}:NOTIP"
    while line.endswith(":NOTIP"):  # until the change is followed
        # as curl posts it in the provider's own example
        line = (await whole.post(legacy.SEND, GOOD))[1]
    mobile, _, smsid = line.partition(":")
    assert mobile == MOBILE
    await whole.ended(smsid)
    status, report = await whole.get(legacy.REPORT, smsid=smsid, shortcode="84700")
    assert (status, report) == (200, f"{smsid}:TRUE:Message successfully delivered to handset.")
    _, other = await whole.get(legacy.REPORT, smsid=smsid, shortcode="74700")
    assert other == f"{smsid}:NOTIP: "
    _, none = await whole.get(legacy.REPORT, smsid="7A2D2AF7", shortcode="84700")
    assert none == "7A2D2AF7:NOTFOUND: "
    _, line = await whole.get(legacy.SEND, **(GOOD | {"mobile": "4805550182"}))
    smsid = line.partition(":")[2]
    await whole.ended(smsid)
    _, report = await whole.get(legacy.REPORT, smsid=smsid, shortcode="84700")
    assert report == f"{smsid}:FALSE:Not Delivered, Invalid destination, Destination permanent."
    assert customer.to("/sumotext") == []


def test_every_state_and_reason_has_its_line() -> None:
    assert legacy.REPORTS.keys() == set(State)
    for path in legacy.PATHS:
        for reason in RefusalReason:
            reply = legacy.refuse(get(path), None, 1000, reason)
            assert b"\n" not in reply.body
            assert reply.body


@relaxed
@given(path=st.sampled_from(legacy.PATHS), query=st.binary(max_size=60), body=st.binary(max_size=60))
async def test_any_octets(path: str, query: bytes, body: bytes, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    request = post(path, b"shortcode=84700&" + body, "application/x-www-form-urlencoded")
    reply = await asker.ask(HttpRequest("POST", path, query, request.headers, request.body, "127.0.0.1"))
    assert reply.status == 200
    assert re.search("NOT|ERROR", reply.body.decode())
