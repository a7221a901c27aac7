"""The one writer, with group commit: whatever waits when a commit ends goes into the next one together.

Callers await a commit, not a statement. Calls of the same operation in one batch are handed to it as one
list, so that its statements can be few. No lingering: while one transaction runs, the next batch gathers by
itself.

Large calls (many recipients, many outcomes) wait in a lane of their own, of which two are handed to the
runner, so that it has its next work ready when a transaction ends. It runs small batches first: an
interactive message waits for one large transaction at most. Small batches are handed over one by one, so that
they grow meanwhile; while large ones run, as they come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from aldis.errors import StoreUnavailable
from aldis.store.sqlite.engine.operations import Call, Item, Operation, Result
from aldis.store.sqlite.engine.transactions import Ran

#: how many calls go into one transaction at most
MAX_BATCH = 512
#: a call that writes more messages than this is a large one
LARGE = 128
#: how many batches of a lane are handed to the runner at once: large ones; small ones, alone and beside those
LARGE_AHEAD, SMALL_ALONE, SMALL_BESIDE = 2, 1, 8


class Runner(Protocol):
    """Where transactions run: anywhere but on the event loop."""

    async def run(self, batch: Sequence[Call], *, is_large: bool) -> Ran:
        """Run one batch as `Transactions.run` does. What is handed over meanwhile is run after it, small
        batches first (`priority_queue.py`).
        """

    async def close(self) -> None:
        """End, and close the database."""


class _Lane:
    """Calls that wait for their transaction."""

    def __init__(self, most: int) -> None:
        """`most`: how many go into one transaction."""
        self.most = most
        self.calls: deque[tuple[Call, asyncio.Future[Any]]] = deque()
        #: one for each batch of it that is under way
        self.workers: set[asyncio.Task[None]] = set()

    def next_batch(self) -> list[tuple[Call, asyncio.Future[Any]]]:
        """Take what goes into the next transaction."""
        return [self.calls.popleft() for _ in range(min(len(self.calls), self.most))]


class Writer:
    """Gathers calls into batches; made and used from one event loop."""

    def __init__(self, runner: Runner, on_ran: Callable[[Sequence[Call], Ran], None]) -> None:
        """`on_ran`: hears what a batch did, before its callers hear of its outcome."""
        self._runner = runner
        self._on_ran = on_ran
        self._small, self._large = _Lane(MAX_BATCH), _Lane(1)
        self._closing = False
        self._loop = asyncio.get_running_loop()
        #: so far, for the metrics and for tests of group commit
        self.commits = 0

    def call(
        self, operation: Operation[Item, Result], item: Item, *, messages: int = 1
    ) -> asyncio.Future[Result]:
        """Run an operation on an item; the future's result comes after the commit. It raises
        StoreUnavailable.

        messages: how many the call writes, where that may be many.
        """
        future: asyncio.Future[Result] = self._loop.create_future()
        if self._closing:
            future.set_exception(StoreUnavailable("the store is closed"))
            return future
        lane = self._large if messages > LARGE else self._small
        lane.calls.append(((operation, item), future))
        if len(lane.workers) < self._at_once(lane):
            lane.workers.add(self._loop.create_task(self._work(lane)))
        return future

    async def close(self) -> None:
        """Commit what was called, then close the database; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        for lane in (self._small, self._large):
            await asyncio.gather(*lane.workers)
        await self._runner.close()

    def _at_once(self, lane: _Lane) -> int:
        if lane is self._large:
            return LARGE_AHEAD
        return SMALL_BESIDE if self._large.workers else SMALL_ALONE

    async def _work(self, lane: _Lane) -> None:
        """Commit batch after batch until nothing waits, or until others are enough."""
        try:
            while lane.calls and len(lane.workers) <= self._at_once(lane):
                batch = lane.next_batch()
                calls = [call for call, _ in batch]
                try:
                    ran = await self._runner.run(calls, is_large=lane is self._large)
                except Exception as fault:  # noqa: BLE001 - whoever waits must hear of it
                    ran = Ran([fault] * len(batch), None, self.commits)
                self.commits = ran.commits
                self._on_ran(calls, ran)
                _hand_over(batch, ran.outcomes)
        finally:
            lane.workers.remove(cast("asyncio.Task[None]", asyncio.current_task()))


def _hand_over(batch: list[tuple[Call, asyncio.Future[Any]]], outcomes: list[Any]) -> None:
    for (_, future), outcome in zip(batch, outcomes, strict=True):
        if future.done():  # its caller was cancelled; what was committed stays committed
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
