"""The one writer, with group commit: whatever waits when a commit ends goes into the next one together.

Callers await a commit, not a statement. Calls of the same operation in one batch are handed to it as one
list, so that its statements can be few. No lingering: while one transaction runs, the next batch gathers by
itself.

Large calls (many recipients, many outcomes) wait in a lane of their own and take every second transaction, so
that an interactive message never waits behind two of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aldis.errors import StoreUnavailable
from aldis.store.sqlite.postbacks import OwedRow
from aldis.store.sqlite.transactions import Call, Item, Operation, Ran, Result

#: how many calls go into one transaction at most
MAX_BATCH = 512
#: a call that writes more messages than this is a large one
LARGE = 64


class Runner(Protocol):
    """Where transactions run: anywhere but on the event loop."""

    async def run(self, batch: Sequence[Call]) -> Ran:
        """Run one batch as `Transactions.run` does."""
        ...

    async def close(self) -> None:
        """End, and let go of the database."""
        ...


class Writer:
    """Gathers calls into batches; made and used from one event loop."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        #: hears of the postbacks that a batch owes, before its callers hear of its outcome
        self.on_owed: Callable[[Sequence[OwedRow] | None], None] = lambda _owed: None
        self._calls: deque[tuple[Call, asyncio.Future[Any]]] = deque()
        self._large_calls: deque[tuple[Call, asyncio.Future[Any]]] = deque()
        self._was_large = False
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._worker: asyncio.Task[None] | None = None
        #: batches so far of which something was kept, for the metrics and for tests of group commit
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
        lane = self._large_calls if messages > LARGE else self._calls
        lane.append(((operation, item), future))
        if self._worker is None:
            self._worker = self._loop.create_task(self._work())
        return future

    async def close(self) -> None:
        """Commit what was called, then let go of the database; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        if self._worker is not None:
            await self._worker
        await self._runner.close()

    async def _work(self) -> None:
        """Commit batch after batch until nothing waits."""
        try:
            while self._calls or self._large_calls:
                batch = self._next_batch()
                try:
                    outcomes, owed = await self._runner.run([call for call, _ in batch])
                except Exception as fault:  # noqa: BLE001 - whoever waits must hear of it
                    outcomes, owed = [fault] * len(batch), None
                self.on_owed(owed)
                self.commits += any(not isinstance(outcome, Exception) for outcome in outcomes)
                _hand_over(batch, outcomes)
        finally:
            self._worker = None

    def _next_batch(self) -> list[tuple[Call, asyncio.Future[Any]]]:
        """Take turns between the lanes: many small calls, one large one."""
        if self._large_calls and not (self._was_large and self._calls):
            self._was_large = True
            return [self._large_calls.popleft()]
        self._was_large = False
        return [self._calls.popleft() for _ in range(min(len(self._calls), MAX_BATCH))]


def _hand_over(batch: list[tuple[Call, asyncio.Future[Any]]], outcomes: list[Any]) -> None:
    for (_, future), outcome in zip(batch, outcomes, strict=True):
        if future.done():  # its caller was cancelled; what was committed stays committed
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
