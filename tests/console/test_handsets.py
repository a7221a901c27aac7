"""The simulated handsets in the console and in the admin API."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.console.listening import heard
from tests.fakes.browser import Browser
from tests.fakes.customer import FakeCustomer
from tests.fakes.ports import free_port
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of
from aldis.mms.composing import compose
from aldis.mms.parts import Part
from aldis.traffic.inbound import InboundFacts

BOSS = Actor("boss", Role.ADMIN, "command line")
BUILT_IN = """
[console]
listen = "127.0.0.1:0"
[simulator]
listen = "127.0.0.1:{port}"
view = "127.0.0.1:0"
[[link]]
name = "built_in"
host = "127.0.0.1"
port = {port}
"""
HANDSET = "447700900001"


@pytest.fixture
async def simulated(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    """A gateway with a simulator of its own, over which its messages go."""
    made = WholeGateway(tmp_path / "data", customer, more=BUILT_IN.format(port=free_port()))
    made.world = lambda text: text.replace('link = "simulator"', 'link = "built_in"')
    await made.start()
    people, now = people_of(made.gateway.store), made.clock.now()
    await people.put_operator(BOSS, "demo", Role.ADMIN, "demo-console", now)
    await people.put_operator(BOSS, "vera", Role.VIEWER, "vera-console", now)
    while not made.gateway.links_up()["built_in"]:
        await asyncio.sleep(0.02)
    yield made
    await made.stop()


async def test_a_conversation_goes_both_ways(simulated: WholeGateway) -> None:
    async with Browser(simulated.console) as browser:
        await browser.sign_in()
        assert "No handset has received anything yet" in (await browser.get("/handsets"))[1]
        async with browser.session.get(browser.base + "/handsets/live") as answer:
            await simulated.genesys(HANDSET, "one", message="Guten Tag <b>")
            assert (await anext(heard(answer))).event == "changed"
        status, page = await browser.get("/handsets")
        assert status == 200
        assert "Guten Tag &lt;b&gt;" in page
        assert HANDSET in page
        status, page = await browser.post(f"/handsets/{HANDSET}", to="74700", text="demo hello")
        assert (status, "demo hello" in page) == (200, True)
        found: list[InboundFacts] = []
        while not found:
            account = (await simulated.gateway.store.directory.load()).accounts["demo"].account_id
            found, _ = await simulated.gateway.store.queries.inbound(account, 0, 2**53, (0, 10))
            await asyncio.sleep(0.02)
        assert [(each.sender, each.text) for each in found] == [(HANDSET, "demo hello")]
        async with browser.session.get(
            f"{browser.base}/handsets/{HANDSET}", headers={"hx-request": "true"}
        ) as answer:
            part = await answer.text()
        assert ("<html" in part, "demo hello" in part) == (False, True)
        log = await simulated.gateway.store.audit.log(0, 1)
        assert [(each.action, each.subject, each.detail) for _, each in log] == [
            ("write as handset", HANDSET, "to 74700")
        ]


async def test_stop_is_one_button(simulated: WholeGateway) -> None:
    async with Browser(simulated.console) as browser:
        await browser.sign_in()
        status, page = await browser.post("/handsets/14805550100", to="74700", text="", say="STOP")
        assert (status, "STOP" in page) == (200, True)
        while not await simulated.gateway.store.consent.list_opted_out("74700", "", 10):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("path", "form", "part"),
    [
        (f"/handsets/{HANDSET}", {"to": "", "text": "x"}, "to which number"),
        (f"/handsets/{HANDSET}", {"to": "74700", "text": " "}, "1 to 2000 characters"),
        (f"/handsets/{HANDSET}", {"to": "74700", "text": "x" * 2001}, "1 to 2000 characters"),
        ("/handsets/chaos", {"throttle": "101"}, "from 0 to 1"),
        ("/handsets/chaos", {"throttle": "much"}, "is no number"),
        ("/handsets/chaos", {"throttle": "nan"}, "is no number"),
        ("/handsets/chaos", {"seed": "inf"}, "is no number"),
    ],
)
async def test_what_cannot_be_done_is_said(
    simulated: WholeGateway, path: str, form: dict[str, str], part: str
) -> None:
    async with Browser(simulated.console) as browser:
        await browser.sign_in()
        status, page = await browser.post(path, token=True, **form)
        assert (status, part in page) == (422, True)


async def test_chaos_is_switched_on_the_page_and_written_down(simulated: WholeGateway) -> None:
    async with Browser(simulated.console) as browser:
        await browser.sign_in()
        status, page = await browser.post("/handsets/chaos", refuse="100", seed="7", delay_s="1.5")
        assert (status, 'value="100"' in page, 'value="7"' in page) == (200, True, True)
        await simulated.genesys(HANDSET, "refused")
        assert (await simulated.ended("refused")).message.state == "rejected"
        log = await simulated.gateway.store.audit.log(0, 1)
        assert [(each.action, each.detail) for _, each in log] == [("make chaos", "refuse 1, seed 7")]
    async with Browser(simulated.console) as viewer:
        await viewer.sign_in("vera", "vera-console")
        page = (await viewer.get("/handsets"))[1]
        assert "Changing it takes the role operator" in page


async def test_without_a_simulator_the_page_says_how_to_get_one(
    watched: WholeGateway, browser: Browser
) -> None:
    status, page = await browser.get("/handsets")
    assert (status, "[simulator]" in page, "aldis demo" in page) == (200, True, True)
    assert (await browser.ask("GET", "/handsets/live"))[0] == 404
    status, _, body = await browser.ask("GET", "/v1/chaos")
    assert (status, "no simulated carrier" in json.loads(body)["detail"]) == (404, True)


async def test_the_api_does_what_the_page_does(simulated: WholeGateway) -> None:
    people, now = people_of(simulated.gateway.store), simulated.clock.now()
    key = await people.make_token(BOSS, "robot", Role.OPERATOR, 0, now)
    await simulated.genesys(HANDSET, "one", message="Hello")
    await simulated.ended("one")
    headers = {"authorization": f"Bearer {key}"}
    base = simulated.console + "/v1"

    async def ask(method: str, path: str, body: str | None = None) -> tuple[int, dict[str, object]]:
        async with simulated.session.request(method, base + path, data=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    status, listed = await ask("GET", "/handsets")
    assert (status, [each["number"] for each in listed["handsets"]]) == (200, [HANDSET])  # type: ignore[attr-defined]
    letter = json.dumps({"to": "74700", "text": "demo hello"})
    assert await ask("POST", f"/handsets/{HANDSET}/messages", letter) == (202, {"segments": 1})
    _, shown = await ask("GET", f"/handsets/{HANDSET}")
    directions = [(each["direction"], each["text"]) for each in shown["messages"]]  # type: ignore[attr-defined]
    assert directions == [("to handset", "Hello"), ("from handset", "demo hello")]
    status, chaos = await ask("PUT", "/chaos", '{"delay": 0.5, "delay_s": 1, "seed": 9}')
    assert (status, chaos["delay"], chaos["seed"]) == (200, 0.5, 9)
    assert await ask("GET", "/chaos") == (200, chaos)
    for method, path, body, expected in (
        ("PUT", "/chaos", '{"delay": 2}', 422),
        ("PUT", "/chaos", "{", 400),
        ("PUT", "/chaos", '{"dealy": 1}', 422),
        ("POST", f"/handsets/{HANDSET}/messages", "{}", 422),
        ("POST", "/handsets/12/messages", letter, 422),
        ("GET", "/handsets/abc", None, 422),
    ):
        assert (await ask(method, path, body))[0] == expected, (method, path, body)


async def test_pictures_show_in_the_conversation_and_what_browsers_do_not_know_is_kept_off_them(
    simulated: WholeGateway,
) -> None:
    handsets = simulated.gateway.simulator
    assert handsets is not None
    picture = Part("image/png; name=cat.png", b"\x89PNG\r\n\x1a\n1")
    strange = Part("image/vnd.wap.wbmp", b"\x00\x00\x01\x01\x80")
    content = compose("A cat", [picture])
    handsets.memory.handsets.receive_mms("74700", HANDSET, content, 1)
    handsets.memory.handsets.receive_mms("74700", HANDSET, compose("", [strange]), 2)
    async with Browser(simulated.console) as browser:
        await browser.sign_in()
        page = (await browser.get(f"/handsets/{HANDSET}"))[1]
        assert "A cat" in page
        (address,) = re.findall(r'<img src="(/handsets/content/1/\d+)"', page)
        async with browser.session.get(browser.base + address) as answer:
            assert (answer.headers["content-type"], await answer.read()) == ("image/png", picture.octets)
        (other,) = re.findall(r'<img src="(/handsets/content/2/\d+)"', page)
        async with browser.session.get(browser.base + other) as answer:
            assert answer.headers["content-type"] == "application/octet-stream"
            number = other.rpartition("/")[2]
            assert answer.headers["content-disposition"] == f'attachment; filename="part-{number}"'
        assert (await browser.get("/handsets/content/9/0"))[0] == 404
