"""`kill -9` in the middle of a table: each row is accepted once, and none is lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter

import pytest

from aldis.accounts.staff import Actor, Role
from aldis.admin.bulk import Bulk, NewJob
from aldis.traffic.bulk import JobState, Mapping
from tests.backends import open_store
from tests.crash.world import WINDOW, World
from tests.fakes.clock import NOON

KILLS = max(4, int(os.environ.get("ALDIS_KILLS", "12")) // 3)
pytestmark = [pytest.mark.crash, pytest.mark.timeout(120 + 10 * KILLS)]

ROWS = 3000


async def test_each_row_is_accepted_once_whenever_the_gateway_dies(
    world: World, chance: random.Random
) -> None:
    store = open_store(world.child.data_dir)
    directory = await store.directory.load()
    bulk, actor = (
        Bulk(store.bulk, lambda: directory, lambda: None),
        Actor("otto", Role.OPERATOR, "command line"),
    )
    wanted = NewJob("demo", "x", ("to",), Mapping("to", "Hi {to}"))
    job_id = await bulk.load(actor, wanted, [(str(447700000000 + n * 100),) for n in range(ROWS)], NOON)
    await bulk.start(actor, job_id, NOON)
    for _ in range(KILLS):
        before = (await bulk.job(job_id)).accepted
        await world.child.start()
        while (job := await bulk.job(job_id)).accepted <= before and job.state is JobState.RUNNING:
            await asyncio.sleep(0.005)
        await asyncio.sleep(chance.uniform(0.0, 0.1))
        assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
    await world.child.start()
    while (job := await bulk.job(job_id)).state is not JobState.DONE:
        await asyncio.sleep(0.05)
    assert (job.accepted, job.refused) == (ROWS, 0)
    while (states := await store.metrics.count_by_state()).keys() - {"delivered"}:
        await asyncio.sleep(0.1)
    assert states == {"delivered": ROWS}
    shown = Counter(received.text for received in world.carrier.received())
    assert len(shown) == ROWS
    assert sum(shown.values()) - ROWS <= KILLS * WINDOW
    assert await world.child.end(signal.SIGTERM) == 0
    await store.close()
