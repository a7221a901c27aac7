"""Standbys are frozen and lost: with one of them nothing changes, without both nobody hears a yes."""

from __future__ import annotations

import asyncio
import random
import signal

from tests.cluster.faults import IN_WAIT, KILLS, accept, until_commits_wait
from tests.crash.world import World
from tests.fakes.cluster import DatabaseCluster

YES = "result_code=0"


async def test_one_standby_is_missed_by_nobody(
    world: World, cluster: DatabaseCluster, chance: random.Random
) -> None:
    for _ in range(KILLS):
        standby = chance.choice(cluster.standbys)
        await asyncio.to_thread(standby.freeze)
        assert await world.send_many(50) == {YES: 50}
        await asyncio.to_thread(standby.kill)
        assert await world.send_many(50) == {YES: 50}
        await cluster.recover()
    assert await world.balance(0) == 0
    assert await world.child.end(signal.SIGTERM) == 0


async def test_without_a_standby_there_is_no_yes_until_one_is_back(
    world: World, cluster: DatabaseCluster
) -> None:
    for _ in range(KILLS):
        for standby in cluster.standbys:
            await asyncio.to_thread(standby.kill)
        before = len(world.accepted)
        sending = asyncio.create_task(world.send_many(30))
        await until_commits_wait(cluster.primary)
        assert len(world.accepted) == before
        await cluster.rejoin(cluster.standbys[0])
        await accept(world, 10)
        await sending
        await cluster.recover()
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0


async def test_a_wait_that_an_operator_cancels_is_no_yes(world: World, cluster: DatabaseCluster) -> None:
    """PostgreSQL says yes, with a warning; then the only machine that has it is lost."""
    for _ in range(KILLS):
        standbys = cluster.standbys
        for standby in standbys:
            await asyncio.to_thread(standby.freeze)
        before = len(world.accepted)
        sending = asyncio.create_task(world.send_many(30))
        await until_commits_wait(cluster.primary)
        async with cluster.primary.connection() as db:
            assert await db.fetchval(f"SELECT count(pg_cancel_backend(pid)) {IN_WAIT}")
        await until_commits_wait(cluster.primary)  # who asks what became of it waits too
        assert len(world.accepted) == before
        await asyncio.to_thread(cluster.primary.kill)
        for standby in standbys:
            await asyncio.to_thread(standby.thaw)
        await cluster.promote()
        await accept(world, 10)
        await sending
        await cluster.recover()
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0


async def test_sessions_that_are_ended_are_opened_again(
    world: World, cluster: DatabaseCluster, chance: random.Random
) -> None:
    ours = "FROM pg_stat_activity WHERE application_name LIKE 'aldis %'"
    async with cluster.primary.connection() as db:
        for _ in range(KILLS):
            sending = asyncio.create_task(world.send_many(100))
            await world.send_until(sending, chance.randrange(100))
            pids = [row[0] for row in await db.fetch(f"SELECT pid {ours}")]
            await db.fetch("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid", pids)
            await accept(world, 10)
            await sending
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0
