"""Runs batches of operations, each batch one transaction; `process/` says where it runs.

Another process that writes is waited for: here, where a thread has nothing else to do, or by asking `begin`
again, where an event loop has.

A batch that fails is rolled back and run again call by call, so that only the guilty call fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from aldis.store.sqlite.engine.checkpoints import Checkpoints
from aldis.store.sqlite.engine.connection import BUSY_MS, RETRY_MS, open_writer, wait_for_another
from aldis.store.sqlite.engine.faults import as_unavailable
from aldis.store.sqlite.engine.operations import Call, Operation

#: a row of the outbox, as SQLite gives it
OutboxRow = tuple[Any, ...]
_RANK = attrgetter("rank")


class Outbox(NamedTuple):
    """Where operations leave what is to be delivered after their commit."""

    #: gives the highest id in it
    newest: Callable[[apsw.Connection], int]
    #: gives the rows above an id; None: too many to tell
    since: Callable[[apsw.Connection, int], list[OutboxRow] | None]


class Ran(NamedTuple):
    """What came of a batch."""

    #: a result or an exception for each call; what has a result is on disk
    outcomes: list[Any]
    #: what it left in the outbox, all of it; None: too much to tell
    pending: list[OutboxRow] | None
    #: how many commits there were since the start
    commits: int


class Transactions:
    """Owns the writing connection; made, used and closed in one thread."""

    def __init__(self, path: Path, outbox: Outbox) -> None:
        self._outbox = outbox
        self._db = open_writer(path)
        self._db.set_busy_handler(self._wait)
        #: whether to wait here for another process
        self._waits = True
        #: how often `begin` has asked in vain
        self._vain = 0
        self._checkpoints = Checkpoints(open_writer(path))
        self._db.set_wal_hook(self._checkpoints.note_pages)
        self._commits = 0

    def begin(self) -> bool:
        """Begin the transaction of the next `run` without waiting. False: another process writes, and this is
        to be asked again after RETRY_MS; for BUSY_MS at most, then `run` tells its callers.
        """
        self._waits = False
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._vain += 1
            if self._vain < BUSY_MS // RETRY_MS:
                return False
        except apsw.Error:  # `run` meets it again, and has somebody to tell
            self._waits = True
        else:
            self._waits = True
        self._vain = 0
        return True

    def run(self, batch: Sequence[Call]) -> Ran:
        """Run a batch in one transaction, or each call in its own when one fails."""
        try:
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
        except apsw.Error as fault:  # nobody could write: there is no guilty one to be found
            return Ran([as_unavailable(fault)] * len(batch), [], self._commits)
        try:
            before = self._outbox.newest(self._db)
            outcomes = self._run(batch)
            pending = self._outbox.since(self._db, before)
            self._db.execute("COMMIT")
        except Exception as fault:  # noqa: BLE001 - whatever it is, it belongs to one of the callers
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if len(batch) == 1:
                return Ran([as_unavailable(fault)], [], self._commits)
            return _together([self.run([call]) for call in batch])
        self._commits += 1
        return Ran(outcomes, pending, self._commits)

    def rest(self) -> None:
        """Do what is better done between two batches."""
        if self._checkpoints.is_backfilled:
            self._checkpoints.restart_log(self._db)
            self._db.set_busy_handler(self._wait)

    def close(self) -> None:
        """Close the file; the last to do so leaves no write-ahead log behind."""
        self._checkpoints.close()
        self._db.close()

    def _wait(self, tries: int) -> bool:
        return self._waits and wait_for_another(tries)

    def _run(self, batch: Sequence[Call]) -> list[Any]:
        groups: dict[Operation[Any, Any], list[int]] = {}
        for position, (operation, _) in enumerate(batch):
            groups.setdefault(operation, []).append(position)
        outcomes: list[Any] = [None] * len(batch)
        for operation in sorted(groups, key=_RANK):
            positions = groups[operation]
            results = operation.run(self._db, [batch[position][1] for position in positions])
            for position, result in zip(positions, results, strict=True):
                outcomes[position] = result
        return outcomes


def _together(runs: list[Ran]) -> Ran:
    pending: list[OutboxRow] | None = []
    for run in runs:
        pending = None if pending is None or run.pending is None else pending + run.pending
    return Ran([outcome for run in runs for outcome in run.outcomes], pending, runs[-1].commits)
