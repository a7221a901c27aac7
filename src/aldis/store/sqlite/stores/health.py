"""Tells how a store's file is, also beside a gateway that writes it.

Whoever reads holds a snapshot, and while it lasts the write-ahead log cannot begin anew. So each table is
looked at by itself, for a short time unless more is asked for. Source: sqlite.org/wal.html §2.2,
sqlite.org/pragma.html#pragma_quick_check.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from aldis.clock import Clock
from aldis.store.contract.metrics import StoreHealth
from aldis.store.moved import MOVING, looked_over
from aldis.store.sqlite.engine.connection import open_reader
from aldis.store.sqlite.engine.rows import every, first, one

#: how long a look at one table may take, and after how many steps of SQLite's machine that is asked
PIECE_S = 0.25
ASK_STEPS = 1_000
#: rows that are read of a table that takes longer, the newest of them
NEWEST = 1_000


def look_over(path: Path, clock: Clock, *, is_deep: bool = False, piece_s: float = PIECE_S) -> StoreHealth:
    """Open a file for reading and have SQLite check it, table by table. `is_deep`: each whole, which takes
    seconds for gigabytes; otherwise for `piece_s` each.
    """
    engine = f"SQLite {apsw.sqlite_lib_version()}"
    if not path.exists():
        return StoreHealth(engine, "", 0, 0)
    octets, log = path.stat().st_size, path.with_name(f"{path.name}-wal")
    log_octets = log.stat().st_size if log.exists() else 0
    in_part: list[str] = []
    mark: tuple[object, ...] | None = None
    free = newest = 0
    try:
        db = open_reader(path)
        try:
            free = int(one(db, "PRAGMA freelist_count")) * int(one(db, "PRAGMA page_size"))
            found = _faults(db, None if is_deep else piece_s, clock, in_part)
            rows = every(db, "SELECT accepted_at FROM message ORDER BY message_id DESC LIMIT 1")
            newest = int(rows[0][0]) if rows else 0
            if first(db, "SELECT 1 FROM sqlite_master WHERE name = 'moving'"):
                mark = first(db, f"SELECT {MOVING} FROM moving")  # noqa: S608 - constants
        finally:
            db.close()
    except apsw.Error as fault:
        found = f"{type(fault).__name__}: {fault}"
    health = StoreHealth(engine, found, octets, newest, log_octets, free, tuple(in_part))
    return looked_over(health, mark) if found == "ok" else health


def _faults(db: apsw.Connection, piece_s: float | None, clock: Clock, in_part: list[str]) -> str:
    """Look at each table; returns "ok" or the first fault. Names those that took too long."""
    tables = every(db, "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    for table, has_no_rowid in tables:
        try:
            found = _check(db, table, piece_s, clock)
        except apsw.InterruptError:
            in_part.append(table)
            order = "" if has_no_rowid else " ORDER BY rowid DESC"
            every(db, f'SELECT * FROM "{table}"{order} LIMIT {NEWEST}')  # noqa: S608 - a table's own name
            continue
        if found != "ok":
            return found
    return "ok"


def _check(db: apsw.Connection, table: str, piece_s: float | None, clock: Clock) -> str:
    """Have SQLite check one table and its indexes. Raises InterruptError when the time is over."""
    if piece_s is not None:
        until = clock.monotonic() + piece_s
        db.set_progress_handler(lambda: clock.monotonic() > until, ASK_STEPS)
    try:
        return str(one(db, f"PRAGMA quick_check('{table}')"))
    finally:
        db.set_progress_handler(None)
