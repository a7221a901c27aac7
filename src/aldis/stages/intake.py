"""What the stages that hear from carriers share: gather what comes, keep it together, then tell each sender
whether it was kept, so that the carrier may forget it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from aldis.errors import TemporaryError
from aldis.stages.agent import AgentLoop

log = structlog.get_logger()

Item = TypeVar("Item")


async def _nothing() -> None:
    """Do nothing while nothing comes."""


class Intake(Generic[Item]):
    """Gathers items of one kind."""

    def __init__(
        self,
        name: str,
        keep: Callable[[list[Item]], Awaitable[None]],
        *,
        most: int,
        poll_s: float,
        idle: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """`keep`: commits a batch of `most` at most, or raises; `idle`: called when nothing has come."""
        self._name = name
        self._keep = keep
        self._most = most
        self._poll_s = poll_s
        self._idle = idle
        self._waiting: list[tuple[Item, Callable[[bool], None]]] = []
        self._loop = AgentLoop(name)
        self._stopping = False

    def take(self, item: Item, done: Callable[[bool], None]) -> None:
        """Take an item; `done(True)` is called after its commit, `done(False)` if it could not be kept."""
        self._waiting.append((item, done))
        self._loop.wake()

    def stop(self) -> None:
        """End `run` after what has been taken is kept."""
        self._stopping = True
        self._loop.wake()

    async def run(self) -> None:
        """Work until stopped."""
        await self._loop.run(self.step, lambda: self._stopping and not self._waiting, lambda: self._poll_s)

    async def step(self) -> int:
        """Keep one batch; returns how many items it held."""
        batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        if not batch:
            await self._idle()
            return 0
        kept = True
        try:
            await self._keep([item for item, _ in batch])
        except TemporaryError as fault:
            log.error(
                "what carriers sent cannot be kept now; they send it again",
                agent=self._name,
                fault=str(fault),
            )
            kept = False
        except Exception:  # an agent's outermost frame: nothing may be forgotten
            log.exception("what carriers sent could not be kept", agent=self._name)
            await self._keep_one_by_one(batch)
            return len(batch)
        for _, done in batch:
            done(kept)
        return len(batch)

    async def _keep_one_by_one(self, batch: list[tuple[Item, Callable[[bool], None]]]) -> None:
        """Keep all but the one that spoils the batch; its carrier sends it again."""
        for item, done in batch:
            try:
                await self._keep([item])
            except Exception:  # as in `step`
                log.exception("an item could not be kept", agent=self._name)
                done(False)
            else:
                done(True)
