"""Runs agents that start and stop together, and bounds how long anything may take when the gateway stops."""

from __future__ import annotations

import asyncio

import structlog

from aldis.stages.agent import Agent

log = structlog.get_logger()

#: what is under way
GRACE_S = 10.0
#: what is left once the links are closed
AFTER_S = 2.0


async def within(seconds: float, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for tasks, but no longer."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=seconds)
        if late:
            log.warning("stopping without waiting any longer", tasks=len(late))


class RunningAgents:
    """Agents and their tasks: `start`, `stop`, then wait until they have `ended`."""

    def __init__(self) -> None:
        self._agents: list[Agent] = []
        self.tasks: list[asyncio.Task[None]] = []

    def start(self, *agents: Agent) -> None:
        """Set these to work."""
        self._agents += agents
        self.tasks += [asyncio.create_task(agent.run(), name=agent.name) for agent in agents]

    def stop(self) -> None:
        """Have all of them end once they are drained."""
        for agent in self._agents:
            agent.stop()

    async def ended(self) -> None:
        """Wait for that, within bounds."""
        await within(GRACE_S, self.tasks)
