"""What the base promises of every agent: it outlives its faults, loses no hint, and ends soon and drained."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from aldis.errors import StoreUnavailable
from aldis.stages import agent
from aldis.stages.agent import Agent

#: so long that a test in which anybody waited for it would fail
LONG_S = 600.0


class Scripted(Agent):
    """Does one thing of its script in each step; `left`: what must be drained."""

    def __init__(self, script: list[Step], *, left: int = 0, poll_s: float = LONG_S) -> None:
        super().__init__("scripted", poll_s)
        self.script, self.left = list(script), left

    async def step(self) -> int:
        return self.script.pop(0)(self)

    @property
    def is_drained(self) -> bool:
        return not self.left


Step = Callable[[Scripted], int]


def works(_agent: Scripted) -> int:
    return 3


def finds_nothing(_agent: Scripted) -> int:
    return 0


def is_hinted(agent: Scripted) -> int:
    agent.wake()
    return 0


def is_hinted_soon(agent: Scripted) -> int:
    asyncio.get_running_loop().call_soon(agent.wake)
    return 0


def is_stopped(agent: Scripted) -> int:
    agent.stop()
    return 0


def is_stopped_soon(agent: Scripted) -> int:
    asyncio.get_running_loop().call_soon(agent.stop)
    return 0


def finds_the_store_away(_agent: Scripted) -> int:
    raise StoreUnavailable("full")


def fails(_agent: Scripted) -> int:
    raise ZeroDivisionError


def fails_and_is_stopped_soon(agent: Scripted) -> int:
    asyncio.get_running_loop().call_soon(agent.stop)
    raise ZeroDivisionError


def drains(agent: Scripted) -> int:
    agent.left -= 1
    return 1


#: name → script, what is left to drain, how long a fault and a poll take
PROMISES: dict[str, tuple[list[Step], int, float, float]] = {
    "it goes on at once while there is work": ([works, works, is_stopped], 0, LONG_S, LONG_S),
    "it polls where no hint comes": ([finds_nothing, is_stopped], 0, LONG_S, 0.0),
    "a store that is away does not end it": ([finds_the_store_away, is_stopped], 0, 0.0, LONG_S),
    "a mistake does not end it": ([fails, fails, works, is_stopped], 0, 0.0, LONG_S),
    "a hint in a step is not lost": ([is_hinted, is_stopped], 0, LONG_S, LONG_S),
    "a hint ends the waiting": ([is_hinted_soon, is_hinted_soon, is_stopped], 0, LONG_S, LONG_S),
    "stop ends it after the step": ([is_stopped], 0, LONG_S, LONG_S),
    "stop ends the waiting": ([is_stopped_soon], 0, LONG_S, LONG_S),
    "stop ends the pause after a fault": ([fails_and_is_stopped_soon], 0, LONG_S, LONG_S),
    "it drains before it ends": ([works, is_stopped, drains, drains], 2, LONG_S, LONG_S),
    "a fault does not end the draining": ([is_stopped, fails, drains], 1, 0.0, LONG_S),
    "it polls while it drains": ([is_stopped, finds_nothing, drains], 1, LONG_S, 0.0),
}


@pytest.mark.parametrize("promise", PROMISES)
async def test_an_agent_does_its_whole_script_and_ends(promise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, left, pause_s, poll_s = PROMISES[promise]
    monkeypatch.setattr(agent, "PAUSE_S", pause_s)
    scripted = Scripted(script, left=left, poll_s=poll_s)
    await asyncio.wait_for(scripted.run(), 5)
    assert (scripted.script, scripted.left) == ([], 0)


async def test_an_agent_that_was_stopped_before_it_ran_does_nothing() -> None:
    scripted = Scripted([works])
    scripted.stop()
    await asyncio.wait_for(scripted.run(), 5)
    assert scripted.script == [works]


async def test_hints_do_not_shorten_the_pause_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "PAUSE_S", LONG_S)
    scripted = Scripted([fails, works])
    running = asyncio.ensure_future(scripted.run())
    for _ in range(10):
        await asyncio.sleep(0)
        scripted.wake()
    assert scripted.script == [works]
    scripted.stop()
    await asyncio.wait_for(running, 5)
