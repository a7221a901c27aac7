"""`GET /v1/events`: what happens, with ids to go on from."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import aiohttp
from tests.console.listening import JournaledResults, heard
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of

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
