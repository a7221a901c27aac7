"""A move from or to a SQLite file. Changes are noted by triggers, which write for whoever changes a row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path

import apsw
import msgspec

from aldis.errors import SettingsError
from aldis.store.content_files import ContentFiles
from aldis.store.moved import MOVING, Moving, read_moving
from aldis.store.moving.side import CopyProgress, NotedChange, Phase
from aldis.store.moving.tables import NOTED, OWN_COUNTERS, WHOLE, Key, MovedTable, MovedTables, Row
from aldis.store.sqlite.engine.connection import open_new, refuse_outdated, upgrade
from aldis.store.sqlite.engine.owner_lock import OwnerLock, is_owned
from aldis.store.sqlite.engine.rows import every, in_state, one
from aldis.traffic.states import State

#: pages of the log after which the file has them
CHECKPOINT_PAGES = 4_000

_UNSENT, _SENT = in_state(State.QUEUED, State.SENDING), in_state(State.SENT)
#: what only one of the engines keeps, as both have it
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "message": {
        "review_at": f"CASE WHEN {_UNSENT} THEN ifnull(review_at, expires_at) WHEN {_SENT} THEN sent_at END",
        "sent_at": f"iif({_UNSENT}, 0, sent_at)",
        "reason": f"iif({_SENT}, '', reason)",
    },
    "lease": {"holder": "''"},
}
_OWN = ", ".join(f"'{name}'" for name in OWN_COUNTERS)
_WHERE = {"counter": f"name NOT IN ({_OWN})"}

_LOG = """
CREATE TABLE moving_change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, a ANY, b ANY) STRICT
"""
_PROGRESS = """
CREATE TABLE moving_progress (name TEXT PRIMARY KEY, phase TEXT NOT NULL, after TEXT NOT NULL) STRICT
"""
_ALL_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'moving_*'"


def read_tables() -> MovedTables:
    """Read from the schema what moves."""
    db = apsw.Connection(":memory:")
    try:
        upgrade(db)
        return {name: _read_table(db, name) for name in (*NOTED, *WHOLE)}
    finally:
        db.close()


def _read_table(db: apsw.Connection, name: str) -> MovedTable:
    found = every(db, "SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", (name,))
    key = sorted((place, column) for column, _, place in found if place)
    return MovedTable(
        name,
        tuple(column for column, _, _ in found),
        tuple(column for _, column in key),
        NOTED.get(name, ()),
        frozenset(column for column, kind, _ in found if kind == "INTEGER"),
    )


class SqliteSide:
    """A file."""

    def __init__(self, path: Path, data_dir: Path) -> None:
        """`data_dir`: whose gateway serves it."""
        self.shown = f"sqlite:///{path}"
        self._data_dir = data_dir
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = open_new(path)

    async def close(self) -> None:
        self._db.close()

    def faults(self) -> AbstractContextManager[None]:
        return nullcontext()  # apsw's are told as they are

    async def mark(self) -> Moving | None:
        return read_moving(self._db.execute(f"SELECT {MOVING} FROM moving").fetchone())  # noqa: S608 - constants

    async def having(self, table: MovedTable, columns: tuple[str, ...], keys: Sequence[Key]) -> list[Row]:
        return list(self._db.executemany(f"{_select(table)} {_having(columns)}", keys))

    async def every(self, table: MovedTable) -> list[Row]:
        return every(self._db, _select(table))

    async def count(self, table: MovedTable) -> int:
        return int(one(self._db, f"SELECT count(*) FROM {table.name}"))  # noqa: S608 - a table of ours

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        self._db.execute(f"BEGIN {kind}")
        is_whole = False
        try:
            yield
            is_whole = True
        finally:
            self._db.execute("COMMIT" if is_whole else "ROLLBACK")


class SqliteSource(SqliteSide):
    """Implements `MoveSource`: a file that a store moves from."""

    def __init__(self, path: Path, data_dir: Path) -> None:
        """Open it. Raises SettingsError."""
        if not path.exists():
            raise SettingsError([f"there is no store at {path}"])
        if is_owned(data_dir):
            refuse_outdated(path)
        super().__init__(path, data_dir)

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        lock = OwnerLock(self._data_dir)
        try:
            self._make_sure_that_nobody_has_it_open()
            with self._transaction("EXCLUSIVE"):
                yield
        finally:
            lock.release()

    def _make_sure_that_nobody_has_it_open(self) -> None:
        """Also no gateway of another data directory: SQLite ends the log for the last connection alone, and
        what that had read may be stale then (findings/apsw-stale-after-wal.sh), so another one goes on.
        """
        try:
            self._db.execute("PRAGMA journal_mode = DELETE")
        except apsw.BusyError:
            raise SettingsError([f"{self.shown} is open in another program: stop that first"]) from None
        path = self._db.filename
        self._db.close()
        self._db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
        self._db.execute("PRAGMA synchronous = FULL")

    async def is_served(self) -> bool:
        return is_owned(self._data_dir)

    async def begin(self, other: str, move: str) -> None:
        with self._transaction():
            self._drop_notes()
            self._db.execute("DELETE FROM moving")
            self._db.execute(_LOG)
            for name, columns in NOTED.items():
                for statement in _triggers(name, columns):
                    self._db.execute(statement)
            self._db.execute("INSERT INTO moving VALUES ('source', ?, ?, 0)", (other, move))

    async def rows(self, table: MovedTable, after: Key | None, limit: int) -> list[Row]:
        key = ", ".join(table.key)
        where = "" if after is None else f"WHERE ({key}) > ({', '.join('?' * len(table.key))})"
        sql = f"{_select(table)} {where} ORDER BY {key} LIMIT ?"
        return every(self._db, sql, (*(after or ()), limit))

    async def changes(self, limit: int) -> list[NotedChange]:
        sql = "SELECT seq, name, a, b FROM moving_change ORDER BY seq LIMIT ?"
        return [
            NotedChange(seq, name, (a, b)[: len(NOTED[name])])
            for seq, name, a, b in self._db.execute(sql, (limit,))
        ]

    async def forget(self, changes: Sequence[NotedChange]) -> None:
        seqs = msgspec.json.encode([change.seq for change in changes]).decode()
        sql = "DELETE FROM moving_change WHERE seq IN (SELECT value FROM json_each(?))"
        self._db.execute(sql, (seqs,))

    async def drop_unfinished(self) -> None:
        self._db.execute("""DELETE FROM message WHERE EXISTS (
            SELECT 1 FROM staged_submission s WHERE message.message_id BETWEEN s.first_id AND s.last_id)""")
        self._db.execute("DELETE FROM staged_submission")

    async def content(self, digest: str) -> bytes | None:
        return await ContentFiles(self._data_dir).read(digest)

    async def end(self) -> None:
        self._drop_notes()
        self._db.execute("UPDATE moving SET is_done = 1")

    async def abandon(self) -> None:
        with self._transaction():
            self._drop_notes()
            self._db.execute("DELETE FROM moving")

    def _drop_notes(self) -> None:
        for (name,) in self._db.execute(_ALL_TRIGGERS).fetchall():
            self._db.execute(f"DROP TRIGGER {name}")
        self._db.execute("DROP TABLE IF EXISTS moving_change")


class SqliteTarget(SqliteSide):
    """Implements `MoveTarget`: a file that a store moves to."""

    def __init__(self, path: Path, data_dir: Path) -> None:
        """Make it, or go on with one that a move has begun. Raises SettingsError."""
        #: what is to be removed again
        self._spare = None if path.exists() else path
        if self._spare is None:
            refuse_outdated(path)
        super().__init__(path, data_dir)
        self._db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if self._spare is None and self._db.execute("SELECT 1 FROM moving").fetchone() is None:
            raise SettingsError([f"{path} is there already: a store moves to a new file"])

    async def close(self) -> None:
        await super().close()
        if self._spare is not None:
            for suffix in ("", "-wal", "-shm"):
                self._spare.with_name(self._spare.name + suffix).unlink(missing_ok=True)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        with self._transaction():
            yield

    async def is_empty(self) -> bool:
        return self._spare is not None

    async def begin(self, other: str, move: str) -> None:
        with self._transaction():
            self._db.execute("INSERT INTO moving VALUES ('target', ?, ?, 0)", (other, move))
            self._db.execute(_PROGRESS)
        self._spare = None

    async def progress(self) -> Mapping[str, CopyProgress]:
        found: dict[str, CopyProgress] = {}
        for name, phase, after in self._db.execute("SELECT name, phase, after FROM moving_progress"):
            found[name] = CopyProgress(msgspec.convert(phase, Phase), _key(after))
        return found

    async def note(self, table: MovedTable, progress: CopyProgress | None) -> None:
        self._db.execute("DELETE FROM moving_progress WHERE name = ?", (table.name,))
        if progress is not None:
            after = msgspec.json.encode(progress.after).decode()
            self._db.execute(
                "INSERT INTO moving_progress VALUES (?, ?, ?)", (table.name, progress.phase, after)
            )

    async def put(
        self, table: MovedTable, columns: tuple[str, ...], keys: Collection[Key], rows: Sequence[Row]
    ) -> None:
        sql = f"DELETE FROM {table.name} {_having(columns)}"  # noqa: S608 - a table of ours
        self._db.executemany(sql, keys)
        self._insert(table, rows)

    async def put_all(self, table: MovedTable, rows: Sequence[Row]) -> None:
        self._db.execute(f"DELETE FROM {table.name} {_where(table)}")  # noqa: S608 - a table of ours
        self._insert(table, rows)

    async def lacking(self, after: str, limit: int) -> list[str]:
        sql = "SELECT DISTINCT digest FROM content_use WHERE digest > ? ORDER BY digest LIMIT ?"
        return [digest for (digest,) in self._db.execute(sql, (after, limit))]

    async def keep(self, octets: bytes) -> None:
        files = ContentFiles(self._data_dir)
        files.release([await files.keep(octets)])

    async def tidy(self) -> None:
        pass

    async def end(self) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM moving")
            self._db.execute("DROP TABLE moving_progress")
        with suppress(apsw.BusyError):
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def _insert(self, table: MovedTable, rows: Sequence[Row]) -> None:
        places = ", ".join("?" * len(table.columns))
        self._db.executemany(f"INSERT INTO {table.name} VALUES ({places})", rows)  # noqa: S608 - a table of ours


def _key(after: str) -> Key | None:
    found = msgspec.json.decode(after, type=list[int | str] | None)
    return None if found is None else tuple(found)


def _select(table: MovedTable) -> str:
    special = _COLUMNS.get(table.name, {})
    columns = ", ".join(f"{special[name]} AS {name}" if name in special else name for name in table.columns)
    return f"SELECT {columns} FROM {table.name} {_where(table)}"  # noqa: S608 - a table of ours


def _where(table: MovedTable) -> str:
    return f"WHERE {_WHERE[table.name]}" if table.name in _WHERE else ""


def _having(columns: tuple[str, ...]) -> str:
    return f"WHERE {' AND '.join(f'{name} = ?' for name in columns)}"


def _triggers(name: str, columns: tuple[str, ...]) -> Iterator[str]:
    """Write the triggers that note changes of a table: by the key that a row has, and by the one it had."""

    def note(row: str, when: str = "") -> str:
        """Write the statement that notes a row."""
        key = ", ".join([*(f"{row}.{column}" for column in columns), "NULL"][:2])
        return f"INSERT INTO moving_change (name, a, b) SELECT '{name}', {key} {when};"

    moved = " OR ".join(f"OLD.{column} <> NEW.{column}" for column in columns)
    for event, body in (
        ("INSERT", note("NEW")),
        ("DELETE", note("OLD")),
        ("UPDATE", note("NEW") + note("OLD", f"WHERE {moved}")),
    ):
        yield f"CREATE TRIGGER moving_{name}_{event} AFTER {event} ON {name} BEGIN {body} END"
