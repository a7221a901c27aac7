"""Gives back to the disk what retention has freed in the file.

SQLite uses free pages for what is written later, and never makes the file smaller by itself. VACUUM writes
the whole database anew, as one transaction: a crash leaves the file as it was before.
Source: sqlite.org/lang_vacuum.html.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import apsw

from aldis.errors import SettingsError
from aldis.store.sqlite.engine.connection import BUSY_MS, open_writer
from aldis.store.sqlite.engine.rows import one

#: what is in use is written twice before the old is given back: to a temporary file, and to the log
COPIES = 2


def compact(path: Path, patience_ms: int = BUSY_MS) -> tuple[int, int]:
    """Write a file anew without its free pages; returns its size before and after, in octets.
    `patience_ms`: how long to wait for others who have it open. Raises SettingsError.
    """
    os.environ["SQLITE_TMPDIR"] = str(path.parent)  # where there is room, as we have made sure
    db = open_writer(path)
    try:
        _make_sure_of_room(db, path.parent)
        db.set_busy_timeout(patience_ms)
        # one reader of an old state would keep the whole log
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        before = path.stat().st_size
        db.execute("VACUUM")
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError as fault:
        raise SettingsError([f"{path}: another program has it open; nothing is lost, try again"]) from fault
    except apsw.FullError as fault:
        raise SettingsError([f"{path}: the disk became full; the store is as it was"]) from fault
    finally:
        db.close()
    return before, path.stat().st_size


def _make_sure_of_room(db: apsw.Connection, folder: Path) -> None:
    page = int(one(db, "PRAGMA page_size"))
    used = int(one(db, "PRAGMA page_count")) - int(one(db, "PRAGMA freelist_count"))
    needed, free = used * page * COPIES, shutil.disk_usage(folder)[2]
    if free < needed:
        there = f"and there are {free / 2**20:.1f}"
        raise SettingsError(
            [f"{folder}: writing the store anew needs {needed / 2**20:.1f} MiB free beside it, {there}"]
        )
