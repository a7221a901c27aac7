"""The loop that all agents share: do a round, go on at once while there is work, otherwise wait for a hint or
the poll.

An agent never dies of a fault: a store that is away is temporary by nature, anything else is a mistake of
ours that must not stop the other messages. Both are logged and tried again after a pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from aldis.errors import TemporaryError

log = structlog.get_logger()

PAUSE_S = 1.0


class AgentLoop:
    """Runs one agent's `step` until it is finished."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_hinted = False
        #: while nothing is to be done
        self._waiting: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Say that there may be work; wake-ups are hints, the poll makes them unnecessary for correctness."""
        self._is_hinted = True
        if self._waiting is not None:
            _end(self._waiting)

    async def run(
        self,
        step: Callable[[], Awaitable[int]],
        is_finished: Callable[[], bool],
        pause_s: Callable[[], float],
    ) -> None:
        """Work until finished; `step` returns how much it handled, `pause_s` how long to wait for a hint when
        that was nothing.
        """
        while not is_finished():
            self._is_hinted = False
            try:
                handled = await step()
            except TemporaryError as fault:
                log.error("an agent cannot work now", agent=self._name, fault=str(fault))
                await asyncio.sleep(PAUSE_S)
                continue
            except Exception:  # an agent's outermost frame
                log.exception("an agent failed", agent=self._name)
                await asyncio.sleep(PAUSE_S)
                continue
            if not handled and not self._is_hinted:
                await self._wait(pause_s())

    async def _wait(self, pause_s: float) -> None:
        """Wait for a hint. Not by `wait_for`, which starts a task each time."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = loop.call_later(pause_s, _end, self._waiting)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None


def _end(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
