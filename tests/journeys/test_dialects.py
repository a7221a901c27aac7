"""What only one dialect has, the whole way."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from lxml import etree
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.store.contract.search import MessageFilter

pytestmark = pytest.mark.journey

MAVO = "/rest/mtsms?token=demo-mavorion"


def json_of(**members: object) -> bytes:
    return msgspec.json.encode(members)


async def demo_with(tmp_path: Path, customer: FakeCustomer, lines: str) -> WholeGateway:
    """Start a gateway whose demo account has more to say."""
    made = WholeGateway(tmp_path / "data", customer)
    made.world = lambda text: text.replace('name = "demo"\n', f'name = "demo"\n{lines}\n', 1)
    await made.start()
    return made


async def test_every_recipient_gets_the_text_that_is_meant_for_them(whole: WholeGateway) -> None:
    body = json_of(
        message="Hello %NAME%, %CODE%",
        tags=["%NAME%", "%CODE%"],
        recipients=[
            {"msisdn": 4512345601, "tagvalues": ["Ann", "%NAME%"]},
            {"msisdn": 4512345602, "tagvalues": ["Жанна", "77"]},
        ],
    )
    status, answer = await whole.post(MAVO, body, "application/json")
    assert (status, msgspec.json.decode(answer)["usage"]["countries"]) == (200, {"DK": 2})
    assert await whole.all_ended(2) == {"delivered": 2}
    assert whole.handset("4512345601") == ["Hello Ann, %NAME%"]
    assert whole.handset("4512345602") == ["Hello Жанна, 77"]


async def test_a_message_waits_for_its_time(whole: WholeGateway) -> None:
    at = int(time.time()) + 1
    body = json_of(message="Hi", sendtime=at, recipients=[{"msisdn": 4512345601}])
    assert (await whole.post(MAVO, body, "application/json"))[0] == 200
    later = json_of(message="Never", sendtime=at + 3600, recipients=[{"msisdn": 4512345602}])
    _, answer = await whole.post(MAVO, later, "application/json")
    (scheduled,) = msgspec.json.decode(answer)["ids"]
    async with whole.session.delete(f"{whole.base}/rest/mtsms/{scheduled}?token=demo-mavorion") as response:
        assert (response.status, await response.read()) == (204, b"")
        assert "content-length" not in response.headers
    assert await whole.all_ended(2) == {"delivered": 1, "deleted": 1}
    page = await whole.gateway.store.search.messages(MessageFilter(number="4512345601"), 0, 1)
    first = page.found[0].message
    assert first.sent_at >= at * 1000
    status, answer = await whole.get(f"/rest/mtsms/{first.submission_id}", token="demo-mavorion")
    assert (status, msgspec.json.decode(answer)["recipients"][0]["dsnstatus"]) == (200, "DELIVERED")
    told = [msgspec.json.decode(came.body) for came in await whole.customer.wait_for(3, "/mavorion")]
    assert Counter(each["status"] for each in told) == {"DELETED": 1, "ENROUTE": 1, "DELIVERED": 1}
    assert whole.handset("4512345602") == []


async def test_classes_and_octets_reach_the_handset(whole: WholeGateway) -> None:
    flash = json_of(message="Hi", destaddr="DISPLAY", recipients=[{"msisdn": 4512345601}])
    octets = json_of(
        payload=base64.b64encode(b"\x01\x02\xff").decode(),
        udh=base64.b64encode(b"\x04\x04\x02\x9c\x01").decode(),
        recipients=[{"msisdn": 4512345602}],
    )
    for body in (flash, octets):
        assert (await whole.post(MAVO, body, "application/json"))[0] == 200
    assert await whole.all_ended(2) == {"delivered": 2}
    (shown,) = whole.simulator.memory.handsets.of("4512345601")
    assert (shown.text, shown.message_class) == ("Hi", 0)
    (shown,) = whole.simulator.memory.handsets.of("4512345602")
    assert (shown.encoding, shown.text) == ("OCTETS", "01 02 ff")


async def test_skycores_notifications_travel_together(tmp_path: Path, customer: FakeCustomer) -> None:
    whole = await demo_with(tmp_path, customer, 'postback_style = { skycore = "envelope" }')
    asked = [
        whole.get(
            "/API/wxml/1.3/index.php",
            action="sendSMS",
            api_key="demo-skycore",
            to=f"1480555{number:04d}",
            **{"from": "60856", "text": "Hi"},
        )
        for number in range(60)
    ]
    answers = await asyncio.gather(*asked)
    ids = {etree.fromstring(text).findtext("TRACKINGID") for _, text in answers}
    assert len(ids) == 60
    assert await whole.all_ended(60) == {"delivered": 60}
    while True:
        came = whole.customer.to("/skycore")
        told = Counter(
            (notification.findtext("BODY/TRACKINGID"), notification.find("BODY/STATUS") is not None)
            for each in came
            for notification in etree.fromstring(each.body)
        )
        if len(told) == 120:
            break
        await asyncio.sleep(0.02)
    assert set(told.values()) == {1}
    assert {name for name, _ in told} == ids
    assert len(came) < 120
    await whole.stop()


async def test_an_account_may_hear_of_failures_only(tmp_path: Path, customer: FakeCustomer) -> None:
    whole = await demo_with(tmp_path, customer, 'failures_only = ["genesys"]')
    assert await whole.genesys("447700900101", "good") == "result_code=0"
    assert await whole.genesys("447700900180", "bad") == "result_code=0"
    assert await whole.all_ended(2) == {"delivered": 1, "undelivered": 1}
    (told,) = await customer.wait_for(1, "/genesys")
    assert b"message_id=bad" in told.body
    timeline = await whole.ended("good")
    assert timeline.postbacks == ()
    await whole.stop()


async def test_segments_have_a_rate_of_their_own(tmp_path: Path, customer: FakeCustomer) -> None:
    whole = await demo_with(tmp_path, customer, "segments_per_s = 0.001\nsegment_burst = 4")
    assert await whole.genesys("447700900101", "one", message="x" * 400) == "result_code=0"
    assert await whole.genesys("447700900101", "two", message="x" * 161) == "result_code=6"
    assert await whole.genesys("447700900101", "two") == "result_code=0"
    assert await whole.genesys("447700900101", "three") == "result_code=6"
    sky = {"action": "sendSMS", "api_key": "demo-skycore", "to": "14805550101", "from": "60856", "text": "Hi"}
    _, answer = await whole.get("/API/wxml/1.3/index.php", **sky)
    assert "<ERRORCODE>E113</ERRORCODE>" in answer
    await whole.stop()


async def test_a_rate_holds_over_many_connections(tmp_path: Path, customer: FakeCustomer) -> None:
    whole = await demo_with(tmp_path, customer, "rate_per_s = 0.001\nburst = 5")
    asked = [whole.genesys("447700900101", f"m{number}") for number in range(64)]
    assert Counter(await asyncio.gather(*asked)) == {"result_code=0": 5, "result_code=6": 59}
    await whole.stop()


async def test_ten_thousand_texts_are_one_request_and_the_urgent_overtakes(whole: WholeGateway) -> None:
    recipients = [{"msisdn": 46700000000 + number, "tagvalues": [f"N{number}"]} for number in range(10_000)]
    body = json_of(message="Hello %N", tags=["%N"], priority="BULK", recipients=recipients)
    status, answer = await whole.post(MAVO, body, "application/json")
    assert (status, msgspec.json.decode(answer)["usage"]["countries"]) == (200, {"SE": 10_000})
    assert await whole.genesys("447700900101", "urgent", priority="INTERACTIVE") == "result_code=0"
    await whole.ended("urgent")
    assert (await whole.gateway.store.metrics.backlog()).of_link("simulator") > 5_000
