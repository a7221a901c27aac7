"""What the stages that hear from carriers share: gather what comes, keep it together, then tell each sender
whether it was kept, so that the carrier may forget it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

from aldis.errors import TemporaryError
from aldis.stages.agent import Agent
from aldis.store.batches import store_apart

log = structlog.get_logger()

Item = TypeVar("Item")
#: an item, and who is told whether it was kept
Taken = tuple[Item, Callable[[bool], None]]

#: items that wait to be kept
MAX_TAKEN = 20_000


class Intake(Agent, Generic[Item]):
    """Gathers items of one kind; when stopped, what was taken is kept first."""

    def __init__(self, name: str, poll_s: float, most: int) -> None:
        """`most`: items of one batch."""
        super().__init__(name, poll_s)
        self._most = most
        self._taken: list[Taken[Item]] = []
        #: what came was handed back, which was said
        self._is_full = False

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
        """Take an item; `done(True)` is called after its commit, `done(False)` if it could not be kept.

        More than `MAX_TAKEN` are handed back at once: their carrier sends them again, and what was taken of
        sessions that have ended cannot pile up.
        """
        if len(self._taken) >= MAX_TAKEN:
            self._refuse(done)
            return
        self._taken.append((item, done))
        self.wake()

    def _refuse(self, done: Callable[[bool], None]) -> None:
        if not self._is_full:
            log.warning("carriers send faster than can be kept; they send it again", agent=self.name)
            self._is_full = True
        done(False)

    async def step(self) -> int:
        """Keep one batch; returns how many items it held."""
        batch, self._taken = self._taken[: self._most], self._taken[self._most :]
        if not batch:
            self._is_full = False
            await self.idle()
            return 0
        for (_, done), fault in await store_apart(self._keep, batch, self.name, _acknowledge):
            if not isinstance(fault, TemporaryError):
                log.error("an item cannot be kept", agent=self.name, exc_info=fault)
            done(False)  # its carrier sends it again
        return len(batch)

    async def _keep(self, batch: Sequence[Taken[Item]]) -> None:
        await self.keep([item for item, _ in batch])


def _acknowledge(batch: Sequence[Taken[Item]]) -> None:
    for _, done in batch:
        done(True)
