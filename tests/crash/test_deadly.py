"""A message that ends the process each time it is sent is found, set aside, and harms its neighbours no longer."""

from __future__ import annotations

import asyncio
import signal

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.clock import SystemClock
from aldis.store.contract.actions import Command, CommandKind
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.contract.store import Store
from aldis.traffic.message import MAX_FAULTS
from tests.backends import find, open_store
from tests.crash.deadly import DEADLY, WAYS
from tests.crash.world import ENDED, World

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

OPERATOR = 2
NEIGHBOURS = 60


async def deaths_of(world: World) -> int:
    """Start the gateway until it stays; returns how often it died."""
    deaths = 0
    while True:
        await world.child.start()
        store = open_store(world.child.data_dir)
        while world.child.is_running:
            states = await store.metrics.count_by_state()
            if sum(count for state, count in states.items() if state not in ENDED) <= 1 and (
                await store.actions.poison(10)
            ):
                await store.close()
                return deaths
            await asyncio.sleep(0.02)
        await store.close()
        deaths += 1
        assert deaths <= MAX_FAULTS, "it dies without end"


async def want(world: World, wanted: Wanted) -> None:
    """Have an operator say how the link is to be."""
    store, now = open_store(world.child.data_dir), SystemClock().now()
    entry = AuditEntry(now, "root", "test", "link", wanted)
    await store.link_states.want(LinkState("simulator", wanted, "root", now), entry)
    await store.close()


async def again(store: Store, message_id: int) -> None:
    command = Command(0, CommandKind.TRY_AGAIN, message_id, "root", OPERATOR, SystemClock().now())
    await store.commands.give(command)


@pytest.mark.parametrize("way", WAYS)
async def test_a_message_that_kills_is_set_aside_and_its_neighbours_go(
    world: World, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("ALDIS_DEADLY", way)
    await want(world, Wanted.STOPPED)  # so that all are in hand together when it runs
    await world.child.start()
    await world.send_many(NEIGHBOURS // 2)
    assert await world.send_many(1, phone_number=DEADLY, message_id="deadly") == {"result_code=0": 1}
    await world.send_many(NEIGHBOURS // 2)
    await world.child.end(signal.SIGTERM)
    await want(world, Wanted.RUNNING)
    world.child.module = "tests.crash.deadly"
    assert await deaths_of(world) == MAX_FAULTS
    store = open_store(world.child.data_dir)
    (aside,) = await store.actions.poison(10)
    (facts,) = await find(store, "deadly")
    assert (aside.message_id, aside.faults) == (facts.message_id, MAX_FAULTS)
    assert await store.metrics.count_by_state() == {"queued": 1, "delivered": NEIGHBOURS}
    await again(store, facts.message_id)  # it is alone at once, and once more is enough
    await world.child.ended()
    assert await deaths_of(world) == 0
    await world.child.end(signal.SIGTERM)
    world.child.module = "aldis"  # upgraded
    await world.child.start()
    await again(store, facts.message_id)
    await store.close()
    world.accepted = {"m1"}
    await world.balance(MAX_FAULTS + 2)
    assert await world.child.end(signal.SIGTERM) == 0
