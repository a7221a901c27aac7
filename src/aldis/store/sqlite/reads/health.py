"""How a store's file is, for `aldis doctor`."""

from __future__ import annotations

from pathlib import Path

import apsw

from aldis.store.contract.metrics import StoreHealth
from aldis.store.sqlite.engine.connection import open_reader
from aldis.store.sqlite.engine.rows import every, one


def look_over(path: Path) -> StoreHealth:
    """Open the file for reading and have SQLite check it; takes seconds for gigabytes."""
    engine = f"SQLite {apsw.sqlite_lib_version()}"
    if not path.exists():
        return StoreHealth(engine, "", 0, 0)
    try:
        db = open_reader(path)
        try:
            found = str(one(db, "PRAGMA quick_check(1)"))
            rows = every(db, "SELECT accepted_at FROM message ORDER BY message_id DESC LIMIT 1")
        finally:
            db.close()
    except apsw.Error as fault:
        return StoreHealth(engine, f"{type(fault).__name__}: {fault}", path.stat().st_size, 0)
    return StoreHealth(engine, found, path.stat().st_size, int(rows[0][0]) if rows else 0)
