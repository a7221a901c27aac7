"""Runs agents that start and stop together."""

from __future__ import annotations

import asyncio

from aldis.app.bounds import GRACE_S, within
from aldis.stages.agent import Agent


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
