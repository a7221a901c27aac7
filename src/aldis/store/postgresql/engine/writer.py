"""Gathers calls into batches, with group commit: whatever waits when a lane is free goes into its next
transaction together.

Callers await a commit, not a statement. Small calls wait in one queue for whichever of several lanes is
free; large ones (many recipients, many outcomes) in another, for a lane of their own, so that an interactive
message waits for none of them. Two calls that wait at the same time may be committed in any order, or
together; one that is made after another has returned comes after it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from aldis.errors import StoreUnavailable
from aldis.store.postgresql.engine.lane import Lane
from aldis.store.postgresql.engine.operations import Call, Item, Operation, Result

#: how many calls go into one transaction at most
MAX_BATCH = 512
#: a call that writes more messages than this is a large one
LARGE = 128


class Writer:
    """All that one process writes; made and used from one event loop."""

    def __init__(self, small: Sequence[Lane], large: Lane) -> None:
        self._small, self._large = _Queue(small, MAX_BATCH), _Queue([large], 1)
        self._lanes = (*small, large)
        self._is_closing = False

    @property
    def commits(self) -> int:
        """How many there were so far, for the metrics and for tests of group commit."""
        return sum(lane.commits for lane in self._lanes)

    def call(
        self, operation: Operation[Item, Result], item: Item, *, messages: int = 1
    ) -> asyncio.Future[Result]:
        """Run an operation on an item; the future's result comes after the commit. It raises
        StoreUnavailable, LeaseLost (nothing was kept) or OutcomeUnknown (all of it or nothing).

        messages: how many the call writes, where that may be many.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if self._is_closing:
            future.set_exception(StoreUnavailable("the store is closed"))
        else:
            (self._large if messages > LARGE else self._small).add((operation, item), future)
        return future

    async def open(self) -> None:
        """Take the lanes' rows. Raises StoreUnavailable, SettingsError."""
        for lane in self._lanes:
            await lane.open()

    async def close(self) -> None:
        """Commit what was called, then end the connections; a second call does nothing."""
        if self._is_closing:
            return
        self._is_closing = True
        await asyncio.gather(self._small.finish(), self._large.finish())
        await asyncio.gather(*(lane.close() for lane in self._lanes))


class _Queue:
    """Calls that wait for a transaction, and the lanes that take them."""

    def __init__(self, lanes: Sequence[Lane], most: int) -> None:
        """`most`: how many go into one transaction."""
        self._free = list(lanes)
        self._most = most
        self._calls: deque[tuple[Call, asyncio.Future[Any]]] = deque()
        self._work: set[asyncio.Task[None]] = set()

    def add(self, call: Call, future: asyncio.Future[Any]) -> None:
        """Queue up; the future is told what came of it."""
        self._calls.append((call, future))
        if self._free:
            self._work.add(work := asyncio.create_task(self._run(self._free.pop())))
            work.add_done_callback(self._work.discard)

    async def finish(self) -> None:
        """Wait until nothing waits or runs any more."""
        await asyncio.gather(*self._work)

    async def _run(self, lane: Lane) -> None:
        """Commit batch after batch until nothing waits."""
        while self._calls:
            batch = [self._calls.popleft() for _ in range(min(len(self._calls), self._most))]
            outcomes = await lane.run([call for call, _ in batch])
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if future.done():  # its caller was cancelled; what was committed stays committed
                    continue
                if isinstance(outcome, BaseException):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
        self._free.append(lane)
