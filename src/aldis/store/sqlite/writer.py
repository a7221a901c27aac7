"""The one writer, with group commit: whatever waits when a commit ends goes into the next one together.

Callers await a commit, not a statement. Calls of the same operation in one batch are handed to it as one
list, so that its statements can be few. No lingering: while one commit syncs, the next batch gathers by
itself.

Statements run on the event loop, commits in a thread: a statement takes microseconds, but one that runs in
a thread beside a busy loop waits for the interpreter's lock each time, which costs far more than it saves
(docs/decisions/0005-statements-on-the-loop.md has the figures); a commit waits for the disk, and then the
loop must go on.

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

Item = TypeVar("Item")
Result = TypeVar("Result")

#: works on a list of items inside an open transaction and returns one result for each; may be run again after
#: a rollback
Operation = Callable[[apsw.Connection, list[Item]], list[Result]]

#: how many calls go into one transaction at most: bounds how long the loop is busy with statements
MAX_BATCH = 128
#: how long to wait for another process's transaction
BUSY_MS = 10_000


class _Call:
    __slots__ = ("future", "item", "operation")

    def __init__(self, operation: Operation[Any, Any], item: Any, future: asyncio.Future[Any]) -> None:  # noqa: ANN401
        self.operation = operation
        self.item = item
        self.future = future


class Writer:
    """Owns the writing connection; made and used from one event loop."""

    def __init__(self, db: apsw.Connection, order: tuple[Operation[Any, Any], ...]) -> None:
        self._db = db
        #: operations that must run in this order when they meet in one transaction; all others come first
        self._order = {operation: position for position, operation in enumerate(order)}
        self._calls: deque[_Call] = deque()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "aldis-store-commit")
        self._worker: asyncio.Task[None] | None = None
        #: commits so far, for the metrics and for tests of group commit
        self.commits = 0

    async def call(self, operation: Operation[Item, Result], item: Item) -> Result:
        """Run an operation on an item and return after the commit. Raises StoreUnavailable."""
        if self._closing:
            raise StoreUnavailable("the store is closed")
        future: asyncio.Future[Result] = self._loop.create_future()
        self._calls.append(_Call(operation, item, future))
        if self._worker is None:
            self._worker = self._loop.create_task(self._work())
        return await future

    async def close(self) -> None:
        """Commit what was called, then let go of the database; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        if self._worker is not None:
            await self._worker
        await self._loop.run_in_executor(self._thread, self._db.close)
        self._thread.shutdown()

    async def _work(self) -> None:
        """Commit batch after batch until nothing waits."""
        try:
            while self._calls:
                batch = [self._calls.popleft() for _ in range(min(len(self._calls), MAX_BATCH))]
                _hand_over(batch, await self._commit(batch))
                await asyncio.sleep(0)  # whoever was waiting may have the next thing ready
        finally:
            self._worker = None

    async def _commit(self, batch: list[_Call]) -> list[Any]:
        """Return a result or an exception for each call."""
        try:
            await self._begin()
        except apsw.Error as fault:  # nobody could write: there is no guilty one to be found
            return [_as_unavailable(fault)] * len(batch)
        try:
            return await self._transact(batch)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it belongs to one of the callers
            if len(batch) == 1:
                return [_as_unavailable(fault)]
            return [outcome for call in batch for outcome in await self._commit([call])]

    async def _transact(self, batch: list[_Call]) -> list[Any]:
        try:
            outcomes = self._run(batch)
            await self._loop.run_in_executor(self._thread, self._db.execute, "COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self.commits += 1
        return outcomes

    async def _begin(self) -> None:
        """Open a transaction; while another process has one, wait in the thread and not on the loop."""
        self._db.set_busy_timeout(0)
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._db.set_busy_timeout(BUSY_MS)
            await self._loop.run_in_executor(self._thread, self._db.execute, "BEGIN IMMEDIATE")

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
