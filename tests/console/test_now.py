"""The page Now: a snapshot without scripts, a stream with them, bounded."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack

import aiohttp
import pytest
from tests.console.listening import heard
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway

from aldis.console import streaming
from aldis.console.sse_limits import MOST_EACH, MOST_STREAMS, SseLimits

#: Sample's fields that are looked at
AT, ACCEPTED = 0, 1


async def test_the_snapshot_says_it_all_without_scripts(watched: WholeGateway, browser: Browser) -> None:
    async with browser.session.get(browser.base + "/live") as answer:
        async for each in heard(answer):
            if json.loads(each.data)["links"][0]["binds"] == ["bound"]:
                break
    status, page = await browser.get("/")
    assert status == 200
    for part in ('data-link="simulator"', "bound", "/ 100", 'data-now="queued"', "none since the start"):
        assert part in page


async def test_what_is_sent_shows_up_live(watched: WholeGateway, browser: Browser) -> None:
    async with browser.session.get(browser.base + "/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        stream = heard(answer)
        assert json.loads((await anext(stream)).data)["sample"][ACCEPTED] == 0
        await watched.genesys("447700900001", "live-1")
        while not (now := json.loads((await anext(stream)).data))["sample"][ACCEPTED]:
            pass
        while now["delivered_share"] != 1.0:
            now = json.loads((await anext(stream)).data)
    for span in ("hour", "day"):
        status, body = await browser.get("/live/history", span=span)
        history = json.loads(body)
        assert (status, history["fields"][:2]) == (200, ["at", "accepted"])
    assert len(json.loads((await browser.get("/live/history"))[1])["columns"][AT]) >= 2


async def test_one_stream_too_many_is_refused_and_a_place_becomes_free(
    watched: WholeGateway, browser: Browser
) -> None:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=browser.session.cookie_jar
    ) as session:
        streams = [await session.get(browser.base + "/live") for _ in range(MOST_EACH)]
        for stream in streams:
            await anext(heard(stream))
        assert (await browser.ask("GET", "/live"))[0] == 503
        assert (await browser.ask("GET", "/"))[0] == 200
        async with Browser(browser.base) as otto:
            assert await otto.sign_in("otto", "otto-console") == 200
            async with otto.session.get(otto.base + "/live") as answer:
                assert answer.status == 200
        for stream in streams:  # none of them was cut
            await anext(heard(stream))
        streams.pop().close()
        while watched.gateway.operators.streams.count >= MOST_EACH:
            await asyncio.sleep(0.02)
        async with session.get(browser.base + "/live") as answer:
            assert answer.status == 200
        for stream in streams:
            stream.close()


def test_all_have_a_bound_together_and_each_a_share() -> None:
    limits = SseLimits()
    with ExitStack() as open_streams:
        for number in range(MOST_STREAMS):
            whose = f"person {number // MOST_EACH}"
            assert limits.have_room(whose)
            open_streams.enter_context(limits.counted(whose))
            assert limits.have_room(whose) is ((number + 1) % MOST_EACH > 0)
        assert not limits.have_room("somebody else")
    assert limits.count == 0
    assert limits.have_room("person 0")


async def test_a_stream_ends_with_its_session(
    watched: WholeGateway, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "CHECK_S", 0.0)
    async with browser.session.get(browser.base + "/live") as answer:
        stream = heard(answer)
        await anext(stream)
        async with Browser(browser.base) as same:
            same.session.cookie_jar.update_cookies(browser.cookies)
            same.csrf = browser.csrf
            await same.post("/sign-out")
        while await anext(stream, None) is not None:
            pass  # it ends


async def test_who_takes_nothing_is_dropped(
    watched: WholeGateway, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SLOW_S", 0.2)
    desk_news = asyncio.Event()

    def flood(name: str, data: str, event_id: str = "") -> str:
        desk_news.set()
        return f"event: {name}\ndata: {'x' * 4_000_000}\n\n"

    monkeypatch.setattr("aldis.console.pages.now.event", flood)
    _, writer = await asyncio.open_connection("127.0.0.1", int(browser.base.rpartition(":")[2]), limit=1024)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    writer.write(f"GET /live HTTP/1.1\r\nhost: x\r\ncookie: {cookies}\r\n\r\n".encode())
    await desk_news.wait()
    streams = watched.gateway.operators.streams
    while streams.count:
        await asyncio.sleep(0.05)
    writer.close()


async def test_streams_end_when_the_gateway_stops(watched: WholeGateway, browser: Browser) -> None:
    async with browser.session.get(browser.base + "/live") as answer:
        stream = heard(answer)
        await anext(stream)
        watched.gateway.operators.sampler.stop()
        watched.gateway.operators.streams.close()
        assert len([each async for each in stream]) <= 1
        assert (await browser.ask("GET", "/live"))[0] == 503
