"""The one thread that writes, with group commit: whatever waits when a commit ends goes into the next one
together.

Callers await a commit, not a statement. Calls of the same operation in one batch are handed to it as one
list, so that its statements are large and few. No lingering: while one commit syncs, the next batch gathers
by itself.

A batch that fails is rolled back and run again call by call, so that only the guilty call fails.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import apsw

from aldis.errors import StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

#: works on a list of items inside an open transaction and returns one result for each; may be run again after
#: a rollback
Operation = Callable[[apsw.Connection, list[Item]], list[Result]]

#: how many calls go into one transaction at most
MAX_BATCH = 512


class _Call:
    __slots__ = ("future", "item", "operation")

    def __init__(self, operation: Operation[Any, Any], item: Any, future: asyncio.Future[Any]) -> None:  # noqa: ANN401
        self.operation = operation
        self.item = item
        self.future = future


class Writer:
    """Owns the writing connection; made and used from one event loop."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._calls: deque[_Call] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="aldis-store-writer", daemon=True)
        self._thread.start()
        #: commits so far, for the metrics and for tests of group commit
        self.commits = 0

    async def call(self, operation: Operation[Item, Result], item: Item) -> Result:
        """Run an operation on an item and return after the commit. Raises StoreUnavailable when it could not
        be kept.
        """
        future: asyncio.Future[Result] = self._loop.create_future()
        with self._lock:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            self._calls.append(_Call(operation, item, future))
            self._wake.notify()
        return await future

    async def close(self) -> None:
        """Commit what was called, then stop the thread."""
        with self._lock:
            self._closing = True
            self._wake.notify()
        await self._loop.run_in_executor(None, self._thread.join)
        self._db.close()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._calls and not self._closing:
                    self._wake.wait()
                batch = [self._calls.popleft() for _ in range(min(len(self._calls), MAX_BATCH))]
            if not batch:
                return
            outcomes = self._commit(batch)
            self._loop.call_soon_threadsafe(_hand_over, batch, outcomes)

    def _commit(self, batch: list[_Call]) -> list[Any]:
        """Return a result or an exception for each call."""
        try:
            return self._transact(batch)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it belongs to one of the callers
            if len(batch) == 1:
                return [_as_unavailable(fault)]
            return [outcome for call in batch for outcome in self._commit([call])]

    def _transact(self, batch: list[_Call]) -> list[Any]:
        groups: dict[Operation[Any, Any], list[int]] = {}
        for position, call in enumerate(batch):
            groups.setdefault(call.operation, []).append(position)
        outcomes: list[Any] = [None] * len(batch)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for operation, positions in groups.items():
                results = operation(self._db, [batch[position].item for position in positions])
                for position, result in zip(positions, results, strict=True):
                    outcomes[position] = result
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self.commits += 1
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
