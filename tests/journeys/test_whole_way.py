"""The whole way through real sockets: a customer's request, SMPP, the handset, the receipt, the postback."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
import pytest
from lxml import etree
from tests.backends import apply, find
from tests.fakes.customer import silent_server
from tests.fakes.whole import WholeGateway

from aldis.traffic.states import State

pytestmark = pytest.mark.journey

SUMO = {"apikey": "demo-sumotext", "carrier": "VERIZONUS", "shortcode": "74700", "key": "demo"}
TEXTS = {
    "plain": "Hello",
    "GSM, 300 characters, pairs on the border": ("x" * 152 + "€{}[]~\\^|" + "y" * 300)[:300],
    "emoji": "👋🏽 Grüße – 你好 " * 12,
    "new lines and markup": "a\r\nb\n<&>\"' %20+",
}


def skycore(text: str, to: str) -> bytes:
    request = etree.Element("REQUEST")
    values = {"ACTION": "sendSMS", "API_KEY": "demo-skycore", "TO": to, "FROM": "60856", "TEXT": text}
    for name, value in values.items():
        etree.SubElement(request, name).text = value
    return etree.tostring(request, encoding="utf-8")


@pytest.mark.parametrize("name", TEXTS)
async def test_a_text_arrives_character_for_character_from_every_door(whole: WholeGateway, name: str) -> None:
    text = TEXTS[name]
    answers = [
        await whole.get("/api/sumopost/post", **SUMO, mobile="4805550101", msg=text),
        await whole.post(
            "/api/sumopost/post", b"json=" + msgspec.json.encode(SUMO | {"mobile": "4805550101", "msg": text})
        ),
        await whole.post(
            "/v2/mtsms?token=demo-mavorion",
            msgspec.json.encode({"message": text, "recipients": [{"msisdn": 4512345601}]}),
            "application/json",
        ),
        await whole.post("/API/wxml/1.3/index.php", {"xml": skycore(text, "14805550102").decode()}),
    ]
    assert [status for status, _ in answers] == [200] * 4
    assert await whole.genesys("447700900001", "m1", message=text) == "result_code=0"
    states = await whole.all_ended(5)
    assert states == {"delivered": 5}
    # an XML parser turns a carriage return into a line feed, as XML says; lxml wrote it as a reference
    assert whole.handset("14805550101") == [text, text]
    for number in ("4512345601", "14805550102", "447700900001"):
        assert whole.handset(number) == [text]


async def test_each_customer_hears_in_its_own_dialect(whole: WholeGateway) -> None:
    await whole.get("/api/sumopost/post", **SUMO, mobile="4805550101", msg="Hi")
    _, mavorion = await whole.get(
        "/rest/mtsms",
        **{"token": "demo-mavorion", "message": "Hi", "recipients.0.msisdn": "4512345680", "userref": "u"},
    )
    await whole.post("/API/wxml/1.3/index.php", skycore("Hi", "14805550102"), "text/xml")
    await whole.genesys("447700900003", "m1", app_id="app", conversation_id="talk")
    customer = whole.customer
    (sumo,) = await customer.wait_for(1, "/sumotext")
    assert "mtcode=4&mtdescription=Delivered+to+handset" in sumo.query
    enroute, undelivered = [
        msgspec.json.decode(came.body) for came in await customer.wait_for(2, "/mavorion")
    ]
    assert (enroute["status"], undelivered["status"], undelivered["error"]) == (
        "ENROUTE",
        "UNDELIVERABLE",
        "034",
    )
    assert undelivered["id"] == msgspec.json.decode(mavorion)["ids"][0]
    assert undelivered["userref"] == "u"
    notifications = [etree.fromstring(came.body) for came in await customer.wait_for(2, "/skycore")]
    assert [bool(n.findall(".//STATUS")) for n in notifications] == [False, True]
    assert {n.findtext(".//TRACKINGID") for n in notifications} == {"SMS_3"}
    (genesys,) = await customer.wait_for(1, "/genesys")
    assert genesys.form == {
        "type": "receipt",
        "message_id": "m1",
        "message_state": "2",
        "result_code": "0",
        "app_id": "app",
        "conversation_id": "talk",
    }


ENDINGS = {
    "80": (State.UNDELIVERED, 1),
    "81": (State.EXPIRED, 1),
    "82": (State.REJECTED, 1),
    "83": (State.DELIVERED, 4),
    "85": (State.DELIVERED, 1),
    "86": (State.DELIVERED, 1),
    "87": (State.DELIVERED, 1),
    "88": (State.DELIVERED, 1),
    "90": (State.REJECTED, 1),
    "91": (State.DELIVERED, 1),
    "92": (State.DELIVERED, 1),
}


async def test_the_carriers_misbehaviour_ends_well(whole: WholeGateway) -> None:
    for digits in ENDINGS:
        await whole.genesys(f"4477009000{digits}", f"m{digits}")
    for digits, (state, attempts) in ENDINGS.items():
        timeline = await whole.ended(f"m{digits}")
        assert (timeline.message.state, timeline.message.attempts) == (state, attempts), digits
        assert len(whole.handset(f"4477009000{digits}")) == (1 if state is State.DELIVERED else 0), digits
    told = Counter(came.form["message_id"] for came in whole.customer.to("/genesys"))
    assert told == Counter(f"m{digits}" for digits in ENDINGS)


async def test_a_dropped_connection_is_made_again_and_the_message_sent(whole: WholeGateway) -> None:
    await whole.genesys("447700900089", "m89")
    timeline = await whole.ended("m89")
    assert (timeline.message.state, timeline.message.attempts) == (State.DELIVERED, 2)
    assert whole.handset("447700900089") == ["Hello"]


async def test_without_a_receipt_a_message_stays_sent(whole: WholeGateway) -> None:
    await whole.genesys("447700900084", "silent")
    await whole.genesys("447700900001", "m1")
    await whole.ended("m1")
    (silent,) = await find(whole.gateway.store, "silent", 1)
    assert silent.state is State.SENT


async def test_no_receipt_wanted_means_no_postback(whole: WholeGateway) -> None:
    await whole.genesys("447700900001", "quiet", receipt="FALSE")
    timeline = await whole.ended("quiet")
    assert timeline.message.state is State.DELIVERED
    assert timeline.postbacks == ()


async def test_a_postback_that_fails_is_owed_until_it_is_taken(whole: WholeGateway) -> None:
    whole.customer.answers = [500]
    await whole.genesys("447700900001", "m1")
    await whole.customer.wait_for(1, "/genesys")
    while True:
        (found,) = await find(whole.gateway.store, "m1", 1)
        timeline = await whole.gateway.store.search.message(found.message_id)
        assert timeline is not None
        if timeline.postbacks and timeline.postbacks[0].attempts:
            break
        await asyncio.sleep(0.02)
    (postback,) = timeline.postbacks
    assert (postback.done, postback.last_http_status, postback.last_fault) == (False, 500, "HTTP 500")
    assert postback.due_at == postback.last_tried_at + 600_000


async def test_one_dead_endpoint_delays_nobody_else(whole: WholeGateway) -> None:
    async with silent_server() as dead:
        for number in range(50):
            sms = {"message": "x", "recipients": [{"msisdn": 4512345600 + number}], "callback_url": dead}
            await whole.post("/v2/mtsms?token=demo-mavorion", msgspec.json.encode(sms), "application/json")
        await whole.all_ended(50)
        started = asyncio.get_running_loop().time()
        await whole.genesys("447700900001", "m1")
        await whole.customer.wait_for(1, "/genesys")
        assert asyncio.get_running_loop().time() - started < 3


async def test_a_bulk_request_is_one_submission(whole: WholeGateway) -> None:
    recipients = [{"msisdn": 4520000000 + number * 100} for number in range(500)]
    sms = {"message": "Hello all", "recipients": recipients}
    status, answer = await whole.post(
        "/v2/mtsms?token=demo-mavorion", msgspec.json.encode(sms), "application/json"
    )
    assert status == 200
    assert msgspec.json.decode(answer)["usage"] == {
        "countries": {"DK": 500},
        "currency": "EUR",
        "total_cost": 75.0,
    }
    assert await whole.all_ended(500) == {"delivered": 500}
    assert whole.simulator.memory.handsets.messages == 500


async def test_a_carrier_that_stops_under_load_and_returns_gets_everything(whole: WholeGateway) -> None:
    async def load(first: int, count: int) -> None:
        asked = [
            whole.genesys(f"4477{number:06d}01", f"m{number}", receipt="FALSE")
            for number in range(first, first + count)
        ]
        assert set(await asyncio.gather(*asked)) == {"result_code=0"}

    loading = asyncio.create_task(load(0, 200))
    await whole.stop_carrier()
    await loading
    await load(200, 100)
    assert (await whole.gateway.store.metrics.count_by_state()).get("queued", 0) >= 100
    await whole.start_carrier()
    assert await whole.all_ended(300) == {"delivered": 300}
    shown = whole.simulator.memory.handsets.numbers()
    assert len(shown) == 300


async def test_many_connections_and_nothing_lost_or_twice(whole: WholeGateway) -> None:
    asked = [whole.genesys(f"4477{number:06d}01", f"m{number}", receipt="FALSE") for number in range(600)]
    assert Counter(await asyncio.gather(*asked)) == {"result_code=0": 600}
    assert await whole.all_ended(600) == {"delivered": 600}
    shown = whole.simulator.memory.handsets.numbers()
    assert set(shown.values()) == {1}
    assert len(shown) == 600
    account = (await whole.gateway.store.directory.load()).accounts["demo"].account_id
    balance = await whole.gateway.store.queries.balance(account)
    assert (balance.held, balance.spent) == (0, 600 * 50_000)


async def test_one_message_id_from_many_connections_is_accepted_once(whole: WholeGateway) -> None:
    answers = Counter(await asyncio.gather(*(whole.genesys("447700900001", "same") for _ in range(64))))
    assert answers == {"result_code=0": 1, "result_code=7": 63}


async def test_a_stopped_gateway_goes_on_where_it_was(whole: WholeGateway) -> None:
    await whole.stop_carrier()
    for number in range(20):
        assert await whole.genesys("447700900001", f"m{number}") == "result_code=0"
    await whole.gateway.stop()
    await whole.start_carrier()
    await whole.start_gateway()
    assert await whole.all_ended(20) == {"delivered": 20}
    assert len(await whole.customer.wait_for(20, "/genesys")) == 20


async def test_the_house_says_how_it_is(whole: WholeGateway) -> None:
    assert (await whole.get("/health/live"))[0] == 200
    status, body = await whole.get("/health/ready")
    assert status == 200
    assert msgspec.json.decode(body)["status"] == "ready"
    await whole.genesys("447700900001", "m1")
    await whole.ended("m1")
    _, metrics = await whole.get("/metrics")
    assert 'aldis_messages_accepted_total{dialect="genesys"} 1.0' in metrics
    assert 'aldis_link_up{link="simulator"} 1.0' in metrics
    assert "447700900001" not in metrics


MORE = """
[[account]]
name = "new"
credit = "1.00"
networks = ["127.0.0.0/8"]
[[account.sender]]
value = "74700"
[[account.credential]]
dialect = "skycore"
key = "new-key"
"""


async def test_a_changed_directory_is_followed_without_a_restart(whole: WholeGateway) -> None:
    store = whole.gateway.store
    await apply(store, MORE, 0)
    request = skycore("Hi", "14805550102").replace(b"demo-skycore", b"new-key").replace(b"60856", b"74700")
    while "Success" not in (await whole.post("/API/wxml/1.3/index.php", request, "text/xml"))[1]:
        await asyncio.sleep(0.05)
