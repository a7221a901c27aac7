"""Opens SQLite the way Aldis needs it and brings the schema up to date.

apsw carries a current SQLite of its own: distributions ship versions with a known WAL bug. WAL with
synchronous=FULL means that a commit returns after its fdatasync. Source:
sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary

import apsw

from aldis.errors import SettingsError
from aldis.store import migrate
from aldis.store.moved import MOVING, refuse_moved

BUSY_MS = 10_000
RETRY_MS = 1
CACHE_KIB = 65_536
#: octets of the write-ahead log that stay on disk when it begins anew; a long read has made it longer
LOG_LIMIT = 64 * 2**20
#: prepared statements that are kept, the most that apsw allows; it keeps those of its last executions
STATEMENTS = 512

#: by connection that writes, the log that it has open
_logs: WeakKeyDictionary[apsw.Connection, tuple[int, int]] = WeakKeyDictionary()


def unlock_connections() -> None:
    """Have SQLite neither count its memory nor lock connections: in this process, before it opens any; from
    then on one thread at a time may use each.
    """
    apsw.shutdown()  # apsw starts SQLite when it is imported
    apsw.config(apsw.SQLITE_CONFIG_MEMSTATUS, False)
    apsw.config(apsw.SQLITE_CONFIG_MULTITHREAD)
    apsw.initialize()


def open_writer(path: Path) -> apsw.Connection:
    """Open for writing; makes the file when there is none."""
    db = apsw.Connection(str(path), statementcachesize=STATEMENTS)
    _keep_prepared(db)
    db.set_busy_handler(wait_for_another)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    db.execute("PRAGMA wal_autocheckpoint = 0")  # `checkpoints.py` does it
    db.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}")
    if log := _log_of(db):
        _logs[db] = log
    return db


def wait_for_another(tries: int) -> bool:
    """Wait for a command that writes beside us. SQLite's own handler sleeps for up to a tenth of a second,
    while what we wait for takes milliseconds and is followed by the next of its kind.
    """
    if tries >= BUSY_MS // RETRY_MS:
        return False
    time.sleep(RETRY_MS / 1000)
    return True


def open_reader(path: Path) -> apsw.Connection:
    """Open for reading; sees what was committed when each statement starts."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    _keep_prepared(db)
    db.set_busy_timeout(BUSY_MS)
    return db


def has_moved(db: apsw.Connection) -> bool:
    """Tell whether what is written is lost: another file, or none, is where ours was, or where its log was;
    who opens the file next makes one. Source: sqlite.org/c3ref/c_fcntl_begin_atomic_write.html,
    SQLITE_FCNTL_HAS_MOVED.
    """
    answer = ctypes.c_int(0)
    db.file_control("main", apsw.SQLITE_FCNTL_HAS_MOVED, ctypes.addressof(answer))
    log = _log_of(db)
    return bool(answer.value) or log is None or log != _logs.setdefault(db, log)


def _log_of(db: apsw.Connection) -> tuple[int, int] | None:
    """Tell the log that whoever opens the file now finds: its device and inode; None: there is none."""
    try:
        found = Path(db.filename_wal).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _keep_prepared(db: apsw.Connection) -> None:
    """Have SQLite plan without looking at bound values. It would prepare a statement again with each new
    `state = ?`, `link = ?` or `LIMIT ?`, in case another index served better; ours serve for all values.
    Source: sqlite.org/qpsg.html.
    """
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def upgrade(db: apsw.Connection) -> list[str]:
    """Apply the migrations that are still missing; returns their names. Safe against a second process doing
    the same.
    """
    db.execute(
        """CREATE TABLE IF NOT EXISTS schema_migration (
               number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT"""
    )
    known = migrate.load("aldis.store.sqlite.migrations")
    db.execute("BEGIN IMMEDIATE")
    with_commit = False
    try:
        applied = dict(db.execute("SELECT number, checksum FROM schema_migration"))
        todo = migrate.pending(known, applied)
        for migration in todo:
            db.execute(migration.sql)
            db.execute(
                "INSERT INTO schema_migration VALUES (?, ?, ?)",
                (migration.number, migration.name, migration.checksum),
            )
        with_commit = True
    finally:
        db.execute("COMMIT" if with_commit else "ROLLBACK")
    return [migration.name for migration in todo]


def refuse_outdated(path: Path) -> None:
    """Raise SettingsError where migrations are missing, and write nothing."""
    db = open_reader(path)
    try:
        applied = dict(db.execute("SELECT number, checksum FROM schema_migration"))
    finally:
        db.close()
    todo = migrate.pending(migrate.load("aldis.store.sqlite.migrations"), applied)
    if todo:
        raise migrate.outdated(str(path), applied, todo)


def open_new(path: Path) -> apsw.Connection:
    """Open for writing, make the file where it is missing, and bring it up to date."""
    # whatever folder and umask let others do; SQLite makes its other files as this one
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    db = open_writer(path)
    upgrade(db)
    return db


def open_to_keep(path: Path, *, may_upgrade: bool = True) -> apsw.Connection:
    """Make the file where it is missing, bring it up to date and open it; without `may_upgrade`, refuse one
    that is not. One that has moved, or not all of which is there, is refused. Raises SettingsError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        if not may_upgrade and path.exists():
            refuse_outdated(path)
            db = open_writer(path)
        else:
            db = open_new(path)
        refuse_moved(str(path), db.execute(f"SELECT {MOVING} FROM moving").fetchone())  # noqa: S608 - constants
    except apsw.Error as fault:
        raise SettingsError(
            [f"{path} cannot be opened as a store: {type(fault).__name__}: {fault}"]
        ) from fault
    return db
