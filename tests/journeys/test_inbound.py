"""What handsets write, the whole way: kept, told in the customer's dialect, and obeyed where it is STOP."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from lxml import etree
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.dialects.mavorion import signature
from aldis.traffic.states import State

pytestmark = pytest.mark.journey

LONG = "Долгое сообщение 😀 " * 10
HANDSET = "14805550100"
#: what the demo's account hears in each dialect
THEIRS = '[account.inbound]\ngenesys = "{}/genesys"\n\n[[account.sender]]\nvalue = "74700"'
OURS = '[account.inbound]\n{} = "{}/inbound"\n\n[[account.sender]]\nvalue = "74700"'


Listening = Callable[..., Awaitable[WholeGateway]]


@pytest.fixture
async def listening(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[Listening]:
    """Starts a gateway whose demo account hears of messages from handsets in one dialect."""
    started: list[WholeGateway] = []

    async def start(dialect: str, more: str = "") -> WholeGateway:
        made = WholeGateway(tmp_path / "data", customer)
        made.world = lambda text: text.replace(
            THEIRS.format(customer.url), OURS.format(dialect, customer.url) + more, 1
        )
        await made.start()
        started.append(made)
        while not all(made.gateway.links_up().values()):
            await asyncio.sleep(0.01)
        return made

    yield start
    for made in started:
        await made.stop()


def write(whole: WholeGateway, text: str, number: str = "74700", handset: str = HANDSET) -> None:
    assert whole.simulator.memory.write(handset, number, text)


async def acknowledged(whole: WholeGateway, segments: int) -> None:
    while whole.simulator.memory.written_acknowledged < segments:
        await asyncio.sleep(0.01)


async def test_genesys(listening: Listening, customer: FakeCustomer) -> None:
    whole = await listening("genesys")
    write(whole, LONG)
    (came,) = await customer.wait_for(1, "/inbound")
    form = came.form
    assert (form["type"], form["shortcode"], form["phone_number"]) == ("MO", "74700", HANDSET)
    assert form["message"] == LONG


async def test_skycore(listening: Listening, customer: FakeCustomer) -> None:
    whole = await listening("skycore")
    write(whole, "a < b & c", number="60856")
    (came,) = await customer.wait_for(1, "/inbound")
    notification = etree.fromstring(came.body)
    assert notification.tag == "NOTIFICATION"
    told = [
        notification.findtext(name) for name in ("ORIGIN", "CODE", "BODY/FROM", "BODY/TO", "BODY/KEYWORD")
    ]
    assert told == ["SMS_MO", "N211", HANDSET, "60856", "a < b & c"]


async def test_sumotext(listening: Listening, customer: FakeCustomer) -> None:
    whole = await listening("sumotext")
    write(whole, "demo please", handset="14807345077")
    (came,) = await customer.wait_for(1, "/inbound")
    assert came.method == "GET"
    assert came.query.startswith("mobile=4807345077&carrier=VERIZONUS&smsid=")
    assert came.query.endswith("&shortcode=74700&key=demo&msg=demo+please")
    # with the keyword this handset has opted in, by itself
    status, answer = await whole.get(
        "/api/sumopost/post",
        apikey="demo-sumotext",
        carrier="VERIZONUS",
        shortcode="74700",
        key="demo",
        mobile="4807345077",
        msg="Hi",
    )
    assert (status, '"ErrNum":0' in answer) == (200, True)


async def test_mavorion(listening: Listening, customer: FakeCustomer) -> None:
    whole = await listening("mavorion")
    write(whole, "Hej", number="447700900001", handset="4512345678")
    (came,) = await customer.wait_for(1, "/inbound")
    told = msgspec.json.decode(came.body)
    assert [told[name] for name in ("msisdn", "receiver", "message", "country_code", "country_prefix")] == [
        4512345678,
        447700900001,
        "Hej",
        "DK",
        45,
    ]
    assert signature.token(came.body, "demo-mavorion-callbacks").count(".") == 2
    day = {"from": "2020-01-01", "to": "2099-12-31", "token": "demo-mavorion"}
    status, answer = await whole.get("/rest/mosms", **day)
    found = msgspec.json.decode(answer)
    assert (status, found["results"], found["pages"]) == (200, 1, 1)
    assert found["messages"][0]["mosms_id"] == told["id"]
    status, answer = await whole.get("/rest/mosms", **day | {"per_page": "201"})
    assert (status, msgspec.json.decode(answer)["code"]) == (400, "0x0308")


async def test_what_nobody_owns_is_kept_for_the_operator(whole: WholeGateway) -> None:
    while not all(whole.gateway.links_up().values()):
        await asyncio.sleep(0.01)
    write(whole, "anybody?", number="99999")
    await acknowledged(whole, 1)
    found, in_all = await whole.gateway.store.queries.inbound(None, 0, 2**53, (0, 10))
    assert (in_all, [message.text for message in found]) == (1, ["anybody?"])


async def test_a_repetition_of_the_carrier_is_told_once(listening: Listening, customer: FakeCustomer) -> None:
    whole = await listening("genesys")
    for _ in range(3):
        write(whole, "once")
    write(whole, "twice")
    await acknowledged(whole, 4)
    came = await customer.wait_for(2, "/inbound")
    assert Counter(each.form["message"] for each in came) == {"once": 1, "twice": 1}


async def test_stop_is_obeyed_answered_and_final(listening: Listening, customer: FakeCustomer) -> None:
    french = '\nstop_words = ["ARRET"]'
    whole = await listening("genesys", french)
    asked = {"sender": "74700"}
    assert await whole.genesys(HANDSET, "before", **asked) == "result_code=0"
    await whole.ended("before")
    write(whole, "Arrêt !".replace("ê", "e"))
    await acknowledged(whole, 1)
    assert await whole.genesys(HANDSET, "after", **asked) == "result_code=99"
    assert await whole.genesys("14805550101", "others", **asked) == "result_code=0"
    sumo = {
        "apikey": "demo-sumotext",
        "carrier": "VERIZONUS",
        "shortcode": "74700",
        "key": "demo",
        "msg": "Hi",
    }
    _, answer = await whole.get("/api/sumopost/post", **sumo, mobile=HANDSET)
    assert '"ErrNum":27,' in answer
    mavo = msgspec.json.encode({"message": "Hi", "sender": "74700", "recipients": [{"msisdn": int(HANDSET)}]})
    _, answer = await whole.post("/rest/mtsms?token=demo-mavorion", mavo, "application/json")
    assert '"code":"0x0215"' in answer
    assert await whole.genesys(HANDSET, "other sender") == "result_code=0"
    while len(whole.handset(HANDSET)) < 3:
        await asyncio.sleep(0.01)
    assert "You will get no more messages from 74700. Reply START to hear from us again." in whole.handset(
        HANDSET
    )
    write(whole, "start")
    await acknowledged(whole, 2)
    assert await whole.genesys(HANDSET, "again", **asked) == "result_code=0"
    history = await whole.gateway.store.consent.history(HANDSET, 10)
    assert [(entry.kind, entry.source, entry.words) for entry in history[:2]] == [
        ("opt_in", "handset", "start"),
        ("opt_out", "handset", "Arret !"),
    ]


async def test_nobody_but_the_person_takes_a_stop_back(listening: Listening, customer: FakeCustomer) -> None:
    whole = await listening("skycore")
    write(whole, "STOP", number="60856")
    await acknowledged(whole, 1)
    _, answer = await whole.get(
        "/API/wxml/1.3/index.php",
        action="subscribe",
        api_key="demo-skycore",
        campaignid="77676",
        mobile=HANDSET,
    )
    assert "<ERRORCODE>E904</ERRORCODE>" in answer
    _, answer = await whole.get(
        "/API/wxml/1.3/index.php",
        **{"action": "sendSMS", "api_key": "demo-skycore", "to": HANDSET, "from": "60856", "text": "Hi"},
    )
    assert "<ERRORCODE>E114</ERRORCODE>" in answer
    write(whole, "HELP", number="60856")
    while len(whole.handset(HANDSET)) < 2:
        await asyncio.sleep(0.01)
    assert "demo: reply STOP to get no more messages from 60856." in whole.handset(HANDSET)


async def test_stop_against_ten_thousand_that_are_on_their_way(listening: Listening) -> None:
    """Nothing is submitted to a number after its STOP was acknowledged, and the books are exact."""
    whole = await listening("genesys")
    # the last two digits tell the carrier what to do: below 80 it delivers
    stoppers = [f"148055{number // 80:03d}{number % 80:02d}" for number in range(100)]
    crowd = [{"msisdn": 46700000000 + number // 80 * 100 + number % 80} for number in range(9_700)]
    half = len(crowd) // 2
    asked = [*crowd[:half], *({"msisdn": int(number)} for number in stoppers), *crowd[half:]]
    body = msgspec.json.encode(
        {"message": "Hello", "sender": "74700", "priority": "BULK", "recipients": asked}
    )
    for _ in range(2):
        status, _ = await whole.post("/rest/mtsms?token=demo-mavorion", body, "application/json")
        assert status == 200
    for number in stoppers:
        write(whole, "STOP", handset=number)
    await acknowledged(whole, len(stoppers))
    # replies to STOP may still come, advertising must not
    shown = Counter({number: whole.handset(number).count("Hello") for number in stoppers})
    states = await whole.all_ended(2 * len(asked) + len(stoppers))
    assert set(states) <= {State.DELIVERED, State.DELETED}
    late = {number for number in stoppers if whole.handset(number).count("Hello") > shown[number]}
    assert late == set()
    account = (await whole.gateway.store.directory.load()).accounts["demo"].account_id
    balance = await whole.gateway.store.queries.balance(account)
    assert (balance.held, balance.spent) == (0, states["delivered"] * 50_000)
