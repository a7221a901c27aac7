"""`kill -9` for real: a child gateway under load dies at random moments and at named steps, and every
accepted message still ends.

The bound on repeats is the link's window for each kill. `make crash` sets ALDIS_KILLS for a long run.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal

import pytest

from tests.crash.world import ENDINGS, World

KILLS = int(os.environ.get("ALDIS_KILLS", "12"))
pytestmark = [pytest.mark.crash, pytest.mark.timeout(120 + 10 * KILLS)]

EX_SOFTWARE = 70
#: a system call, in whose entry the process that makes it dies, and which of the many
STEPS = [
    ("fdatasync", 12),  # the writer, before a commit is on disk
    ("write", 14),  # the first that comes so far: after a commit and before anybody knows, or
    ("write", 60),  # before an answer, a submit or a postback leaves
    ("write", 140),
    ("fdatasync", 21),
    ("write", 23),
]


async def test_nothing_accepted_is_lost_by_kill_9(world: World, chance: random.Random) -> None:
    world.endings = ENDINGS  # delivered, taken and not delivered, refused by the carrier and paid back
    for _ in range(KILLS):
        await world.child.start()
        sending = asyncio.create_task(world.send_many(100))
        await world.send_until(sending, chance.randrange(100))
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
        await sending
        await asyncio.to_thread(world.books)
    await world.child.start()
    assert len(world.accepted) > 15 * KILLS
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace kills at a system call; it is not installed"
)
async def test_nothing_accepted_is_lost_by_dying_at_a_named_step(world: World) -> None:
    died = 0
    for step in range(max(len(STEPS), KILLS // 2)):
        call, which = STEPS[step % len(STEPS)]
        which += 3 * (step // len(STEPS))
        kill = f"inject={call}:signal=SIGKILL:when={which}"
        await world.child.start(
            "strace", "-D", "-f", "-qq", "-e", f"trace={call}", "-e", kill, "-o", os.devnull
        )
        for _ in range(20):
            await world.send_many(20, at_once=10)
            if not await world.child.is_answering():
                died += 1
                break
        else:
            await world.child.end(signal.SIGTERM)
        # Whoever of the two died took the other along.
        await world.child.ended()
        if step % 2:  # killed a third time with the same message alone in hand, it would set that aside
            await world.child.start()
            await world.balance(step + 1)
            await world.child.end(signal.SIGTERM)
    assert died >= len(STEPS) // 2
    await world.child.start()
    await world.balance(max(len(STEPS), KILLS // 2))
    assert await world.child.end(signal.SIGTERM) == 0
