"""What a carrier has and has not answered when the gateway dies is repeated only where the link did so before
and does so after.
"""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.backends import open_store
from tests.crash.world import World

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60)]

MANY = 5


@pytest.mark.parametrize("before", ["resend", "hold"])
@pytest.mark.parametrize("after", ["resend", "hold"])
async def test_what_was_on_the_wire_is_repeated_where_neither_setting_forbids_it(
    world: World, before: str, after: str
) -> None:
    taken = world.carrier.simulator.memory.answers
    world.endings = ("92",)  # answered after 8 s
    world.child.set_in_doubt(before)
    await world.child.start()
    assert await world.send_many(MANY) == {"result_code=0": MANY}
    while taken["ESME_ROK"] < MANY:
        await asyncio.sleep(0.02)
    assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
    is_repeated = before == after == "resend"
    world.child.set_in_doubt(after)
    await world.child.start()
    world.endings = ("01",)
    assert await world.send_many(1) == {"result_code=0": 1}
    in_all = (2 * MANY if is_repeated else MANY) + 1
    while taken["ESME_ROK"] < in_all:
        await asyncio.sleep(0.02)
    assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
    store = open_store(world.child.data_dir)
    states = await store.metrics.count_by_state()
    await store.close()
    assert states.get("unconfirmed", 0) == (0 if is_repeated else MANY)
    assert taken["ESME_ROK"] == in_all
