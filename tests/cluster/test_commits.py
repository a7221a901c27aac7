"""The primary is lost in the middle of a batch: a caller hears what became of it on the one that takes its place."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from aldis.errors import OutcomeUnknown, StoreUnavailable
from aldis.store.postgresql.engine.address import read_address
from aldis.store.postgresql.engine.connection import WRITING, connect
from aldis.store.postgresql.engine.lane import Lane
from aldis.store.postgresql.engine.opening import open_engine
from aldis.store.postgresql.engine.primary import NewestPrimary
from tests.cluster.faults import KILLS
from tests.fakes.cluster import DatabaseCluster
from tests.fakes.cut import Cut, CutWay
from tests.fakes.postgresql import PostgresServer
from tests.store.postgresql.noting import note, noted


def name_of(database: str) -> str:
    return database.rpartition("/")[2]


async def a_lane(url: str) -> Lane:
    """One whose server has a second for each transaction, and that asks for as long as a promotion takes."""
    open_one = partial(connect, read_address(url), WRITING, "one", NewestPrimary())
    made = Lane(open_one, "one", 0, uuid4(), turn_s=1, patience_s=30)
    await made.open()
    return made


async def kept(primary: PostgresServer, name: str) -> list[str]:
    async with primary.connection(name) as db:
        await db.execute("SET search_path = aldis")
        return await noted(db)


@pytest.mark.parametrize("cut", list(Cut))
async def test_what_became_of_a_commit_is_known_behind_a_failover(
    cluster: DatabaseCluster, database: str, cut: Cut
) -> None:
    name = name_of(database)
    for number in range(KILLS):
        old = cluster.primary
        async with CutWay(old.port) as way:
            lane = await a_lane(cluster.url(name).replace(f":{old.port}", f":{way.port}"))
            assert await lane.run([(note, f"{number}")]) == [1]
            way.next, way.is_closed = cut, True
            running = asyncio.create_task(lane.run([(note, f"{number} a"), (note, f"{number} b")]))
            while way.is_due or (cut.is_kept and f"{number} b" not in await kept(old, name)):
                await asyncio.sleep(0.01)
            await asyncio.to_thread(old.kill)
            await cluster.promote()
            outcomes: list[Any] = await running
        if cut.is_kept:
            assert outcomes == [2, 2]
        else:
            assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 2
        told = [f"{number} a", f"{number} b"] if cut.is_kept else []
        assert (await kept(cluster.primary, name))[-len(told) - 1 :] == [f"{number}", *told]
        await lane.close()
        await cluster.recover()


async def test_whenever_the_primary_is_lost_what_was_told_is_so(
    cluster: DatabaseCluster, database: str, chance: random.Random
) -> None:
    lane = await a_lane(database)
    told: dict[str, Any] = {}
    for number in range(KILLS):
        losing = asyncio.create_task(lose(cluster, chance.uniform(0, 0.05)))
        batch = 0
        while not losing.done():
            calls = [(note, f"{number} {batch} {position}") for position in range(20)]
            outcomes = await lane.run(calls)
            told |= zip((text for _, text in calls), outcomes, strict=True)
            batch += 1
            if not isinstance(outcomes[0], int):
                await asyncio.sleep(0.02)  # there is no primary yet
        await losing
    told_as = {text: type(outcome) for text, outcome in told.items()}
    assert set(told_as.values()) <= {int, StoreUnavailable, OutcomeUnknown}
    known = [
        text for text in await kept(cluster.primary, name_of(database)) if told_as[text] is not OutcomeUnknown
    ]
    assert known == [text for text, kind in told_as.items() if kind is int]
    await lane.close()


async def lose(cluster: DatabaseCluster, after_s: float) -> None:
    """Kill the primary at a moment that nobody chose, and have another take its place."""
    await asyncio.sleep(after_s)
    await asyncio.to_thread(cluster.primary.kill)
    await cluster.promote()
    await cluster.recover()


async def test_once_a_new_primary_was_found_nothing_is_read_from_the_old_one(
    cluster: DatabaseCluster, database: str
) -> None:
    """Which is awake, takes itself for the primary, and would answer at once."""
    for number in range(KILLS):
        engine = await open_engine(cluster.url(name_of(database)), f"{number}", uuid4())
        await engine.writer.call(note, f"{number}")
        assert (await engine.gateway.ask(noted))[-1] == f"{number}"
        old = cluster.primary
        await cluster.promote()
        ours = f"application_name LIKE 'aldis {number} writing'"
        while True:
            async with old.connection() as db:  # as the server's time for a transaction ends
                await db.fetch(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
            try:
                await engine.writer.call(note, f"{number} again")
            except StoreUnavailable:
                continue
            break
        assert (await engine.gateway.ask(noted))[-1] == f"{number} again"
        await engine.close()
        await cluster.recover()
