"""The base of all agents: do a round, go on at once while there is work, otherwise wait for a hint or the
poll.

An agent never dies of a fault: a store that is away is temporary by nature, anything else is a mistake of
ours that must not stop the other messages. Both are logged and tried again after a pause. Work that has
become somebody else's (LeaseLost) is let be.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

import structlog

from aldis.errors import LeaseLost, TemporaryError

log = structlog.get_logger()

#: how long to wait after a fault
PAUSE_S = 1.0


class Agent(ABC):
    """Calls `step` until it is stopped and drained."""

    def __init__(self, name: str, poll_s: float) -> None:
        """Make one that waits for a hint for `poll_s` when a step has found nothing to do."""
        self.name = name
        self._poll_s = poll_s
        self._is_stopping = False
        self._is_hinted = False
        self._is_pausing = False
        #: while nothing is to be done
        self._waiting: asyncio.Future[None] | None = None

    @abstractmethod
    async def step(self) -> int:
        """Do one round; returns how much was done, 0 to wait for a hint or the poll."""

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left that a stopped agent has to finish."""
        return True

    def pause_s(self) -> float:
        """Tell how long to wait for a hint now."""
        return self._poll_s

    def wake(self) -> None:
        """Say that there may be work; wake-ups are hints, the poll makes them unnecessary for correctness."""
        self._is_hinted = True
        if self._waiting is not None and not self._is_pausing:
            _end(self._waiting)

    def stop(self) -> None:
        """Have `run` end once all is drained."""
        self._is_stopping = self._is_hinted = True
        if self._waiting is not None:
            _end(self._waiting)

    def lose(self) -> None:
        """Hear that the work is somebody else's."""
        self.stop()

    async def run(self) -> None:
        """Work until stopped and drained."""
        while not (self._is_stopping and self.is_drained):
            self._is_hinted = False
            try:
                handled = await self.step()
            except TemporaryError as fault:
                log.error("an agent cannot work now", agent=self.name, fault=str(fault))
                await self._pause()
            except LeaseLost as fault:
                log.error("an agent's work has another owner now", agent=self.name, fault=str(fault))
                self.lose()
                if not self._is_stopping:
                    await self._pause()
            except Exception:  # an agent's outermost frame
                log.exception("an agent failed", agent=self.name)
                await self._pause()
            else:
                if not handled and not self._is_hinted:
                    await self._wait(self.pause_s())

    async def _pause(self) -> None:
        """Let a fault pass, whatever hints come."""
        self._is_pausing = True
        try:
            await self._wait(PAUSE_S)
        finally:
            self._is_pausing = False

    async def _wait(self, seconds: float) -> None:
        """Wait for a hint. Not by `wait_for`, which starts a task each time."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = loop.call_later(seconds, _end, self._waiting)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None


def _end(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
