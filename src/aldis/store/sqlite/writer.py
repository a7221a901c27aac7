"""The one writer, with group commit: whatever waits when a commit ends goes into the next one together.

Callers await a commit, not a statement. Calls of the same operation in one batch are handed to it as one
list, so that its statements can be few. No lingering: while one transaction runs, the next batch gathers by
itself.

A transaction runs whole in a thread of its own: its few large statements and its wait for the disk leave the
event loop free (docs/decisions/0007-sets-in-a-writer-thread.md has the figures). Large calls wait in a lane
of their own and take every second transaction, so that an interactive message never waits behind two of them.

A batch that fails is rolled back and run again call by call, so that only the guilty call fails.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import apsw

from aldis.errors import StoreUnavailable
from aldis.store.sqlite.checkpoints import Checkpoints

Item = TypeVar("Item")
Result = TypeVar("Result")

#: works on a list of items inside an open transaction and returns one result for each; may be run again after
#: a rollback
Operation = Callable[[apsw.Connection, list[Item]], list[Result]]

#: how many calls go into one transaction at most
MAX_BATCH = 512
#: a call that writes more messages than this is a large one
LARGE = 64


class _Call:
    __slots__ = ("future", "item", "operation")

    def __init__(self, operation: Operation[Any, Any], item: Any, future: asyncio.Future[Any]) -> None:  # noqa: ANN401
        self.operation = operation
        self.item = item
        self.future = future


class Writer:
    """Owns the writing connection; made and used from one event loop."""

    def __init__(
        self, db: apsw.Connection, order: tuple[Operation[Any, Any], ...], checkpoints: Checkpoints
    ) -> None:
        self._db = db
        #: operations that must run in this order when they meet in one transaction; all others come first
        self._order = {operation: position for position, operation in enumerate(order)}
        self._checkpoints = checkpoints
        self._calls: deque[_Call] = deque()
        self._large_calls: deque[_Call] = deque()
        self._was_large = False
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "aldis-store-writer")
        self._worker: asyncio.Task[None] | None = None
        #: commits so far, for the metrics and for tests of group commit
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
        lane.append(_Call(operation, item, future))
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
        await asyncio.to_thread(self._checkpoints.close)
        # last, so that it leaves one file behind and no write-ahead log
        await self._loop.run_in_executor(self._thread, self._db.close)
        self._thread.shutdown()

    async def _work(self) -> None:
        """Commit batch after batch until nothing waits."""
        try:
            while self._calls or self._large_calls:
                batch = self._next_batch()
                _hand_over(batch, await self._loop.run_in_executor(self._thread, self._commit, batch))
                if self._checkpoints.is_backfilled:
                    await self._loop.run_in_executor(self._thread, self._checkpoints.restart_log, self._db)
        finally:
            self._worker = None

    def _next_batch(self) -> list[_Call]:
        """Take turns between the lanes: many small calls, one large one."""
        if self._large_calls and not (self._was_large and self._calls):
            self._was_large = True
            return [self._large_calls.popleft()]
        self._was_large = False
        return [self._calls.popleft() for _ in range(min(len(self._calls), MAX_BATCH))]

    # ── in the thread ──

    def _commit(self, batch: list[_Call]) -> list[Any]:
        """Return a result or an exception for each call."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except apsw.Error as fault:  # nobody could write: there is no guilty one to be found
            return [_as_unavailable(fault)] * len(batch)
        try:
            outcomes = self._run(batch)
            self._db.execute("COMMIT")
        except Exception as fault:  # noqa: BLE001 - whatever it is, it belongs to one of the callers
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if len(batch) == 1:
                return [_as_unavailable(fault)]
            return [outcome for call in batch for outcome in self._commit([call])]
        self.commits += 1
        return outcomes

    def _run(self, batch: list[_Call]) -> list[Any]:
        groups: dict[Operation[Any, Any], list[int]] = {}
        for position, call in enumerate(batch):
            groups.setdefault(call.operation, []).append(position)
        outcomes: list[Any] = [None] * len(batch)
        for operation in sorted(groups, key=lambda operation: self._order.get(operation, -1)):
            positions = groups[operation]
            results = operation(self._db, [batch[position].item for position in positions])
            for position, result in zip(positions, results, strict=True):
                outcomes[position] = result
        return outcomes


def _hand_over(batch: list[_Call], outcomes: list[Any]) -> None:
    for call, outcome in zip(batch, outcomes, strict=True):
        if call.future.done():  # its caller was cancelled; what was committed stays committed
            continue
        if isinstance(outcome, BaseException):
            call.future.set_exception(outcome)
        else:
            call.future.set_result(outcome)


def _as_unavailable(fault: Exception) -> Exception:
    """Call a full disk, a lock or a lost file temporary; a constraint or a mistake of ours keeps its name."""
    if isinstance(fault, apsw.Error) and not isinstance(
        fault, apsw.ConstraintError | apsw.SQLError | apsw.MismatchError
    ):
        unavailable = StoreUnavailable(f"SQLite: {type(fault).__name__}")
        unavailable.__cause__ = fault
        return unavailable
    return fault
