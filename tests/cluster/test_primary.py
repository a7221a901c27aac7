"""The primary is lost, or wakes after another has taken its place: what was accepted ends, its customers hear, and
money is exact.

The bound on repeats is the link's window for each loss.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable

import pytest

from tests.cluster.faults import KILLS, accept
from tests.crash.world import World
from tests.fakes.cluster import DatabaseCluster
from tests.fakes.postgresql import PostgresServer


@pytest.mark.parametrize("lose", [PostgresServer.kill, PostgresServer.shut_down])
async def test_nothing_accepted_is_lost_with_a_primary(
    world: World, cluster: DatabaseCluster, chance: random.Random, lose: Callable[[PostgresServer], None]
) -> None:
    for _ in range(KILLS):
        sending = asyncio.create_task(world.send_many(100))
        await world.send_until(sending, chance.randrange(100))
        await asyncio.to_thread(lose, cluster.primary)
        await cluster.promote()
        await accept(world, 10)
        await sending
        await cluster.recover()
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0


async def test_a_primary_that_wakes_behind_another_is_believed_nothing(
    world: World, cluster: DatabaseCluster, chance: random.Random
) -> None:
    for _ in range(KILLS):
        sending = asyncio.create_task(world.send_many(100))
        await world.send_until(sending, chance.randrange(100))
        frozen = cluster.primary
        await asyncio.to_thread(frozen.freeze)
        await cluster.promote()
        await accept(world, 10)
        await asyncio.to_thread(frozen.thaw)  # and takes itself for the primary
        await accept(world, 50)
        await sending
        await cluster.recover()
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0
