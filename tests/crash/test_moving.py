"""A gateway is killed; its store moves to the other engine and back before the next start. What was under way is
found there all the same, with the outcomes that were heard and not recorded.
"""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from tests.crash.world import World
from tests.fakes.programs import aldis

pytestmark = [pytest.mark.crash, pytest.mark.timeout(150)]


async def test_what_a_killed_gateway_left_moves_with_its_store(
    world: World, database: str, chance: random.Random
) -> None:
    await world.child.start()
    sending = asyncio.create_task(world.send_many(100))
    await world.send_until(sending, chance.randrange(100))
    assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
    await sending
    await asyncio.to_thread(world.books)
    folder = world.child.data_dir
    for source, target in (("sqlite:///aldis.db", database), (database, "sqlite:///aldis.db")):
        arguments = ("migrate", source, target, "--data-dir", str(folder))
        moved = await asyncio.to_thread(aldis, *arguments, cwd=folder)
        assert (moved.returncode, moved.stderr) == (0, "")
        if target == database:
            (folder / "aldis.db").rename(folder / "old.db")
    await asyncio.to_thread(world.books)
    await world.child.start()
    await world.balance(1)
    assert await world.child.end(signal.SIGTERM) == 0
