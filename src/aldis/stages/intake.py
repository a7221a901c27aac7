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

#: items that wait to be kept
MAX_TAKEN = 20_000


class Intake(Agent, Generic[Item]):
    """Gathers items of one kind; when stopped, what was taken is kept first."""

    def __init__(self, name: str, poll_s: float, most: int) -> None:
        """`most`: items of one batch."""
        super().__init__(name, poll_s)
        self._most = most
        self._taken: list[tuple[Item, Callable[[bool], None]]] = []
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
