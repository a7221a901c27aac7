"""Two gateways on a primary with standbys, while that is lost or slow: what holds for one gateway holds for both, and
none says or does what only the other may.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter

import aiohttp
import pytest

from aldis.store.contract.store import Store
from tests.cluster.faults import KILLS, accept, until_commits_wait, until_shares
from tests.crash.world import World
from tests.fakes.cluster import DatabaseCluster

YES, TAKEN_BEFORE = "result_code=0", "result_code=7"


async def end(world: World) -> None:
    """End both in order."""
    for child in world.children:
        assert await child.end(signal.SIGTERM) == 0


async def test_nothing_that_either_accepted_is_lost_with_a_primary(
    two: World, store: Store, cluster: DatabaseCluster, chance: random.Random
) -> None:
    two.endings += ("85", "86")  # the receipt before the response, and twice
    for _ in range(KILLS):
        sending = asyncio.create_task(two.send_many(100))
        await two.send_until(sending, chance.randrange(100))
        await asyncio.to_thread(cluster.primary.kill)
        await cluster.promote()
        await accept(two, 20)
        await sending
        await cluster.recover()
        await until_shares(store, 4, 4)
    await two.balance(2 * KILLS)
    await end(two)


async def test_a_gateway_that_sleeps_through_a_failover_does_nothing_that_is_the_others(
    two: World, store: Store, cluster: DatabaseCluster, chance: random.Random
) -> None:
    for _ in range(KILLS):
        sending = asyncio.create_task(two.send_many(100))
        await two.send_until(sending, chance.randrange(100))
        sleeper = chance.choice(two.children)
        os.kill(sleeper.pid, signal.SIGSTOP)
        await asyncio.to_thread(cluster.primary.kill)
        await cluster.promote()
        await until_shares(store, 8)
        os.kill(sleeper.pid, signal.SIGCONT)
        await accept(two, 20)
        await sending
        await cluster.recover()
        await until_shares(store, 4, 4)
    await two.balance(2 * KILLS)
    await end(two)


@pytest.mark.parametrize("is_long", [False, True])
async def test_standbys_that_stand_still_now_and_then_only_make_it_slow(
    two: World, store: Store, cluster: DatabaseCluster, chance: random.Random, *, is_long: bool
) -> None:
    """Both at once, so that commits wait, and renewals of leases with them; `is_long`: until all leases are over."""
    for _ in range(KILLS):
        sending = asyncio.create_task(two.send_many(200))
        await two.send_until(sending, chance.randrange(100))
        for standby in cluster.standbys:
            await asyncio.to_thread(standby.freeze)
        await (until_shares(store) if is_long else until_commits_wait(cluster.primary))
        for standby in cluster.standbys:
            await asyncio.to_thread(standby.thaw)
        await accept(two, 10)
        await sending
        await until_shares(store, 4, 4)
    repeats = await two.balance(2 * KILLS)
    assert is_long or repeats == 0
    await end(two)


async def test_a_reference_is_taken_once_whichever_gateway_and_primary_hears_it(
    two: World, store: Store, cluster: DatabaseCluster, chance: random.Random
) -> None:
    """Each is sent to both at once, again and again, until one has said that it was taken."""
    said = Counter[tuple[str, str]]()

    async def insist(session: aiohttp.ClientSession, reference: str) -> None:
        answers = {""}
        while not answers & {YES, TAKEN_BEFORE}:
            offers = [two.offer(session, child, reference) for child in two.children]
            answers = set(heard := await asyncio.gather(*offers))
            said.update((reference, answer) for answer in heard)
        two.accepted.add(reference)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=60)) as session:
        for number in range(KILLS):
            references = [f"m{number * 100 + position}" for position in range(100)]
            sending = asyncio.gather(*(insist(session, reference) for reference in references))
            wanted = len(two.accepted) + chance.randrange(100)
            while len(two.accepted) < wanted and not sending.done():
                await asyncio.sleep(0.005)
            await asyncio.to_thread(cluster.primary.kill)
            await cluster.promote()
            await sending
            await cluster.recover()
            await until_shares(store, 4, 4)
    assert {answer for _, answer in said} <= {YES, TAKEN_BEFORE, "result_code=98"}
    assert max(count for (_, answer), count in said.items() if answer == YES) == 1
    await two.balance(2 * KILLS)
    assert sum((await store.metrics.count_by_state()).values()) == 100 * KILLS
    await end(two)
