"""`kill -9` beside rows that the store refuses: their neighbours go on, they are set aside, and nothing is lost."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from aldis.clock import SystemClock
from aldis.store.contract.actions import Command, CommandKind
from aldis.store.contract.store import Store
from tests.backends import open_store
from tests.crash.world import ENDED, World

KILLS = 3
pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

#: what a carrier took of every twentieth message cannot be written down
REFUSES = """CREATE TRIGGER no BEFORE INSERT ON segment WHEN new.message_id % 20 = 0
BEGIN SELECT RAISE(ABORT, 'no'); END"""
OPERATOR = 2


async def poison(store: Store) -> set[int]:
    return {each.message_id for each in await store.actions.poison(1_000)}


async def until_only_poison_is_left(store: Store) -> set[int]:
    while True:
        states = await store.metrics.count_by_state()
        aside = await poison(store)
        if aside and sum(count for state, count in states.items() if state not in ENDED) == len(aside):
            return aside
        await asyncio.sleep(0.1)


async def test_a_poison_row_stops_nobody_and_is_there_after_each_crash(
    world: World, chance: random.Random
) -> None:
    await world.child.start()
    await world.child.end(signal.SIGKILL)
    world.change(REFUSES)
    for _ in range(KILLS):
        await world.child.start()
        sending = asyncio.create_task(world.send_many(100))
        await world.send_until(sending, 40 + chance.randrange(40))
        assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
        await sending
    await world.child.start()
    store = open_store(world.child.data_dir)
    before = await until_only_poison_is_left(store)
    await store.close()
    assert all(message_id % 20 == 0 for message_id in before)
    await world.child.end(signal.SIGKILL)
    world.change("DROP TRIGGER no")
    await world.child.start()
    store = open_store(world.child.data_dir)
    assert await poison(store) == before
    for message_id in before:
        now = SystemClock().now()
        await store.commands.give(Command(0, CommandKind.TRY_AGAIN, message_id, "root", OPERATOR, now))
    await store.close()
    await world.balance(KILLS + 2)
    assert await world.child.end(signal.SIGTERM) == 0
