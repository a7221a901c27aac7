"""Brings the write-ahead log back into the database file, away from the path of those who wait for a commit.

SQLite would do it inside the commit that crosses a threshold, and that commit's callers would wait for
megabytes of copying. Here a second connection copies in a thread while commits go on; when it is done, the
writer itself copies the few pages that came meanwhile and begins the log anew, between two transactions.
Source: sqlite.org/wal.html §3.1, sqlite.org/pragma.html#pragma_wal_checkpoint.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import apsw

#: pages of the log that start a checkpoint: about 4 MiB, as SQLite itself would
START_PAGES = 1_000
#: pages above the last try's that start another after one that could not finish
AGAIN_PAGES = 1_000


class Checkpoints:
    """Watches the log of one database; `note_pages` and `restart_log` are called in the writer's thread."""

    def __init__(self, db: apsw.Connection) -> None:
        #: a connection of its own, used in its own thread only
        self._db = db
        self._db.set_busy_timeout(0)
        self._thread = ThreadPoolExecutor(1, "aldis-store-checkpoint")
        self._copying: Future[None] | None = None
        self._next_at = START_PAGES
        #: all that the log held a moment ago is in the database file: `restart_log` will be quick
        self.is_backfilled = False

    def note_pages(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        """Hear how long the log is after a commit (sqlite3_wal_hook); start to copy when it is long."""
        if pages >= self._next_at and self._copying is None:
            self._next_at = pages + AGAIN_PAGES
            self._copying = self._thread.submit(self._copy)
        return apsw.SQLITE_OK

    def restart_log(self, db: apsw.Connection) -> None:
        """Copy the rest and let the next commit begin the log anew. A reader in the way only delays it.
        Leaves the connection without a busy handler.
        """
        self.is_backfilled = False
        self._copying = None
        with suppress(apsw.Error):  # a reader has the log open, or the disk is full: commits tell of that
            db.set_busy_timeout(0)  # a reader in the way must not hold commits up: the next try will do
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
            self._next_at = START_PAGES

    def close(self) -> None:
        """Let a copy under way end, then close the file."""
        self._thread.shutdown()
        self._db.close()

    def _copy(self) -> None:
        with suppress(apsw.Error):  # tried again with a longer log; commits tell of a full disk
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self.is_backfilled = True
