"""Links, consent and people in the console."""

from __future__ import annotations

import asyncio
import re

import aiohttp
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.stages.sending.upstream import CLOSED
from aldis.store.contract.consent import OptInKey
from aldis.traffic.anomalies import Anomaly


async def test_a_link_is_stopped_and_started_by_its_buttons(watched: WholeGateway) -> None:
    async with Browser(watched.console) as otto:
        await otto.sign_in("otto", "otto-console")
        while '<span class="tag good">bound' not in (page := (await otto.get("/links"))[1]):
            await asyncio.sleep(0.01)
        assert "none since the start" in page
        assert "Anomalies" not in page
        watched.gateway.metrics.anomalies.note("simulator", Anomaly.UNKNOWN_STATE, "<WONDERFUL>")
        page = (await otto.get("/links"))[1]
        assert "1 receipts with a state that no table knows, which end nothing: &lt;WONDERFUL&gt;" in page
        assert (await otto.post("/links/simulator/stop"))[0] == 200
        while CLOSED not in (page := (await otto.get("/links"))[1]):
            await asyncio.sleep(0.01)
        assert "by otto" in page
        assert (await otto.post("/links/simulator/start"))[0] == 200
        while CLOSED in (await otto.get("/links"))[1]:
            await asyncio.sleep(0.01)
        assert (await otto.post("/links/ghost/stop"))[0] == 404
        assert (await otto.post("/links/simulator/burn"))[0] == 404


async def test_consent_is_looked_up_and_written_down(watched: WholeGateway, browser: Browser) -> None:
    _, page = await browser.get("/consent", number="14805550100")
    assert "demo" in page
    wish = {"number": "14805550100", "sender": "74700", "topic": "", "why": "asked by letter"}
    _, page = await browser.fill("/consent", {"kind": "out", **wish})
    assert ">has left everything<" in page
    assert "asked by letter" in page
    _, page = await browser.fill("/consent", {"kind": "in", **wish})
    assert ">has left everything<" not in page
    assert (await browser.fill("/consent", {"kind": "in", **wish, "sender": "a\tb"}))[0] == 422
    assert (await browser.get("/consent", number="none"))[0] == 422


async def test_numbers_are_taken_in_and_given_out(watched: WholeGateway, browser: Browser) -> None:
    form = aiohttp.FormData({"csrf": browser.csrf, "sender": "74700", "topic": "news", "kind": "in"})
    table = "msisdn\n" + "".join(f"+4477009{n:05d}\n" for n in range(1000)) + "none\n"
    form.add_field("file", table.encode(), filename="n.csv", content_type="text/csv")
    async with browser.session.post(browser.base + "/consent/import", data=form) as answer:
        path = answer.url.path
    while "Done." not in (page := (await browser.get(path))[1]):
        await asyncio.sleep(0.01)
    assert "1000 of 1000 numbers; 1000 changed" in page
    assert "line 1002" in page
    assert await watched.gateway.store.consent.opted_in([OptInKey("74700", "news", "447700900999")])
    _, exported = await browser.get("/consent/export", sender="74700", topic="news")
    assert len(exported.split()) == 1001


async def test_people_come_change_and_go(watched: WholeGateway, browser: Browser) -> None:
    new = {"name": "nina", "role": "viewer", "password": "nina-console"}
    assert "nina" in (await browser.fill("/people", new))[1]
    assert (await browser.fill("/people", new | {"password": "short"}))[0] == 422
    async with Browser(watched.console) as nina:
        assert await nina.sign_in("nina", "nina-console") == 200
        assert (await browser.post("/people/nina/role", role="operator"))[0] == 200
        assert (await nina.ask("GET", "/"))[0] == 303  # a new role ends the session
        assert await nina.sign_in("nina", "nina-console") == 200
        assert (await nina.post("/links/simulator/start"))[0] == 200
    assert (await browser.post("/people/nina/remove"))[0] == 200
    status, page = await browser.post("/people/demo/role", role="viewer")
    assert (status, "the only admin" in page) == (422, True)
    _, page = await browser.get("/people", subject="nina")
    assert re.findall(r"<td>(\w+ operator)</td>", page) == [
        "remove operator",
        "change operator",
        "add operator",
    ]


async def test_a_key_is_shown_once(watched: WholeGateway, browser: Browser) -> None:
    _, page = await browser.post("/keys", name="robot", role="viewer", days="30")
    (key,) = re.findall(r"<code>(aldis_[^<]+)</code>", page)
    assert key not in (await browser.get("/people"))[1]
    assert (await browser.post("/keys", name="robot", role="viewer", days=""))[0] == 422
    assert (await browser.post("/keys", name="r2", role="viewer", days="x"))[0] == 422
    await browser.post("/keys/robot/remove")
    assert await watched.gateway.store.operators.tokens() == []


async def test_everybody_changes_their_own_password(watched: WholeGateway) -> None:
    async with Browser(watched.console) as vera:
        await vera.sign_in("vera", "vera-console")
        new = {"new": "vera-console-2", "again": "vera-console-2"}
        assert (await vera.fill("/password", {"old": "wrong", **new}))[0] == 422
        assert (await vera.fill("/password", {"old": "vera-console", **new, "again": "x"}))[0] == 422
        assert (await vera.fill("/password", {"old": "vera-console", **new}))[0] == 200
        assert await vera.sign_in("vera", "vera-console") == 401
        assert await vera.sign_in("vera", "vera-console-2") == 200


async def test_the_audit_log_has_pages(watched: WholeGateway, browser: Browser) -> None:
    for _ in range(60):
        await browser.post("/links/simulator/start")
    _, page = await browser.get("/people")
    (before,) = re.findall(r"before=(\d+)", page)
    _, older = await browser.get("/people", before=before)
    assert "add operator" not in page
    assert "add operator" in older
