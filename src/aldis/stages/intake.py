"""What the stages that hear from carriers share: gather what comes, keep it together, then tell each sender
whether it was kept, so that the carrier may forget it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

from aldis.errors import TemporaryError
from aldis.stages.agent import Agent

log = structlog.get_logger()

Item = TypeVar("Item")


class Intake(Agent, Generic[Item]):
    """Gathers items of one kind; when stopped, what was taken is kept first."""

    def __init__(self, name: str, poll_s: float, most: int) -> None:
        """`most`: items of one batch."""
        super().__init__(name, poll_s)
        self._most = most
        self._taken: list[tuple[Item, Callable[[bool], None]]] = []

    @abstractmethod
    async def keep(self, items: list[Item]) -> None:
        """Commit a batch, or raise."""

    async def idle(self) -> None:
        """Do what is due while nothing comes."""

    @property
    def is_drained(self) -> bool:
        """Whether all that was taken was kept or handed back."""
        return not self._taken

    def take(self, item: Item, done: Callable[[bool], None]) -> None:
        """Take an item; `done(True)` is called after its commit, `done(False)` if it could not be kept."""
        self._taken.append((item, done))
        self.wake()

    async def step(self) -> int:
        """Keep one batch; returns how many items it held."""
        batch, self._taken = self._taken[: self._most], self._taken[self._most :]
        if not batch:
            await self.idle()
            return 0
        kept = True
        try:
            await self.keep([item for item, _ in batch])
        except TemporaryError as fault:
            log.error(
                "what carriers sent cannot be kept now; they send it again",
                agent=self.name,
                fault=str(fault),
            )
            kept = False
        except Exception:  # an agent's outermost frame: nothing may be forgotten
            log.exception("what carriers sent could not be kept", agent=self.name)
            await self._keep_one_by_one(batch)
            return len(batch)
        for _, done in batch:
            done(kept)
        return len(batch)

    async def _keep_one_by_one(self, batch: list[tuple[Item, Callable[[bool], None]]]) -> None:
        """Keep all but the one that spoils the batch; its carrier sends it again."""
        for item, done in batch:
            try:
                await self.keep([item])
            except Exception:  # as in `step`
                log.exception("an item could not be kept", agent=self.name)
                done(False)
            else:
                done(True)
