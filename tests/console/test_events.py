"""`GET /v1/events`: what happens, with ids to go on from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import aiohttp
from tests.console.listening import JournaledResults, heard
from tests.fakes.clock import FakeClock
from tests.fakes.whole import WholeGateway
from tests.store.building import NOW, a_message, accept

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.staff import Actor, Role
from aldis.admin.event_feed import EventFeed, EventFilter
from aldis.app.people import people_of
from aldis.store.contract.events import EventPosition
from aldis.store.contract.store import Store

BOSS = Actor("boss", Role.ADMIN, "command line")


async def listen(
    watched: WholeGateway,
    key: str,
    until: str,
    last_id: str = "",
    meanwhile: Callable[[], Awaitable[None]] | None = None,
    **wanted: str,
) -> list[JournaledResults]:
    """Hear events up to one of a kind; `meanwhile` is done after the first."""
    headers = {"authorization": f"Bearer {key}", **({"last-event-id": last_id} if last_id else {})}
    found: list[JournaledResults] = []
    async with (
        aiohttp.ClientSession() as session,
        session.get(watched.console + "/v1/events", headers=headers, params=wanted) as answer,
    ):
        assert answer.status == 200
        async for each in heard(answer):
            found.append(each)
            if meanwhile is not None and len(found) == 1:
                await meanwhile()
            if each.event == until:
                break
    return found


async def test_a_program_hears_the_life_of_a_message(watched: WholeGateway) -> None:
    key = await people_of(watched.gateway.store).make_token(
        BOSS, "robot", Role.VIEWER, 0, watched.clock.now()
    )
    start = f"{watched.clock.now()}-0-0"
    await watched.genesys("447700900001", "heard")
    await watched.ended("heard")
    found = await listen(watched, key, "postback.done", start)
    assert [each.event for each in found] == [
        "message.accepted",
        "message.sent",
        "message.ended",
        "postback.done",
    ]
    ended = json.loads(found[2].data)
    assert (ended["account"], ended["reference"], ended["state"]) == ("demo", "heard", "delivered")
    assert (ended["link"], ended["recipient"], ended["id"]) == (
        "simulator",
        "447700900001",
        found[2].event_id,
    )
    rest = await listen(watched, key, "postback.done", found[1].event_id)
    assert rest == found[2:]
    only = await listen(watched, key, "message.ended", start, state="delivered", number="00001")
    assert [each.event for each in only] == ["message.ended"]
    memory = watched.simulator.memory
    memory.write("447700900001", "74700", "demo hello")
    assert json.loads((await listen(watched, key, "inbound.received", start))[-1].data)["state"] == "received"
    down = await listen(watched, key, "link.down", found[0].event_id, meanwhile=watched.stop_carrier)
    assert (json.loads(down[-1].data)["link"], down[-1].event_id) == ("simulator", "")


async def test_what_cannot_be_heard_is_refused(watched: WholeGateway) -> None:
    key = await people_of(watched.gateway.store).make_token(
        BOSS, "robot", Role.VIEWER, 0, watched.clock.now()
    )
    bearer = {"authorization": f"Bearer {key}"}
    for headers, query, status in (
        ({"last-event-id": "yesterday"}, "", 422),
        ({}, "?after=1-2", 422),
        ({}, "?account=nobody", 422),
    ):
        url = f"{watched.console}/v1/events{query}"
        async with watched.session.get(url, headers={**bearer, **headers}) as answer:
            assert answer.status == status
            assert answer.headers["content-type"] == "application/problem+json"


async def test_many_listeners_cut_nobody(demo_store: Store, clock: FakeClock) -> None:
    """Each looks into the store once a second, and more than it answers at once."""
    await accept(demo_store, a_message(1))
    feed = EventFeed(demo_store.events, CurrentDirectory(await demo_store.directory.load()), clock)

    async def binds() -> dict[str, list[str]]:
        return {}

    async def pause() -> bool:
        return False

    async def listen() -> list[str]:
        streams = feed.follow(f"{NOW - 1}-0-0", EventFilter(), binds, pause)
        return [event.event async for events in streams for event in events]

    clock.advance(5)
    heard_by_all = await asyncio.gather(*(listen() for _ in range(100)))
    assert heard_by_all == [["message.accepted"]] * 100


async def test_a_busy_store_delays_an_event_and_loses_none(demo_store: Store, clock: FakeClock) -> None:
    await accept(demo_store, a_message(1))
    feed = EventFeed(demo_store.events, CurrentDirectory(await demo_store.directory.load()), clock)

    async def binds() -> dict[str, list[str]]:
        return {}

    async def pause() -> bool:
        await asyncio.gather(*others, return_exceptions=True)
        feed_rounds.append(1)
        return len(feed_rounds) < 2

    feed_rounds: list[int] = []
    clock.advance(5)
    asked = [demo_store.events.after(EventPosition(NOW - 1), NOW + 1, 10) for _ in range(100)]
    others = [asyncio.ensure_future(each) for each in asked]
    await asyncio.sleep(0)
    rounds = [
        [event.event for event in events]
        async for events in feed.follow(f"{NOW - 1}-0-0", EventFilter(), binds, pause)
    ]
    assert rounds == [[], ["message.accepted"]]
