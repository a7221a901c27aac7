"""A move from or to a database of PostgreSQL. Rows are as `store/moving/tables.py` has them: of a message the
tables that say where it is are put together when they are read, and taken apart when they are written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from aldis.errors import GatewayError, SettingsError
from aldis.store.contract.content import digest_of
from aldis.store.moved import MOVING, Moving, read_moving
from aldis.store.moving.side import CopyProgress, NotedChange, Phase
from aldis.store.moving.tables import NOTED, Key, MovedTable, MovedTables, Row
from aldis.store.postgresql.engine.address import Address, read_address
from aldis.store.postgresql.engine.connection import WRITING, Purpose, connect
from aldis.store.postgresql.engine.faults import FAULTS, translated
from aldis.store.postgresql.engine.migrations import upgrade
from aldis.store.postgresql.engine.schema_locks import MOVE
from aldis.store.postgresql.engine.texts import all_escaped, all_unescaped, unescaped
from aldis.store.postgresql.moved_tables import OWN, PARTS, RELATIONS
from aldis.store.postgresql.writes.cells import number_apart
from aldis.store.postgresql.writes.ownership import HOLDS_MS

#: a transaction of ours is open while another database is read; who writes may take long to end
MOVING_STORE = Purpose(
    "moving", {**WRITING.settings, "idle_in_transaction_session_timeout": "0", "lock_timeout": "30s"}
)

_ARRAYS = {"int8": "bigint", "int4": "integer", "int2": "smallint", "text": "text"}

_LOG = """
CREATE TABLE moving_change (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, a text, b text)
"""
_PROGRESS = "CREATE TABLE moving_progress (name text PRIMARY KEY, phase text NOT NULL, after text NOT NULL)"
#: of rows by their key; an update notes the one that it had, too
_NOTE = """
CREATE FUNCTION moving_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO moving_change (name, a, b) VALUES ('{name}', {new});
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND ROW({old}) IS DISTINCT FROM ROW({new})) THEN
        INSERT INTO moving_change (name, a, b) VALUES ('{name}', {old});
    END IF;
    RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE TRIGGER moving AFTER INSERT OR UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION moving_{name}()
"""
_IDENTITIES = """
SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'aldis'::regnamespace AND c.relkind = 'r' AND a.attidentity <> ''
    AND c.relname = ANY($1::text[])
"""
#: of an id that a row keeps when it goes to another table
_HIGHEST = {"pending_postback": "postback"}
_LACKING = """
SELECT DISTINCT u.digest FROM content_use u
WHERE u.digest > $1 AND NOT EXISTS (SELECT 1 FROM content c WHERE c.digest = u.digest)
ORDER BY u.digest LIMIT $2
"""
_KEEP = """
INSERT INTO content (digest, octets, kept_at)
VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) ON CONFLICT DO NOTHING
"""
_SERVED = f"""
SELECT EXISTS (SELECT 1 FROM lease WHERE holder <> '' AND until > clock_timestamp())
    OR EXISTS (SELECT 1 FROM node
               WHERE state <> 'left' AND said_at > clock_timestamp() - {HOLDS_MS} * interval '1 ms')
"""  # noqa: S608 - a number


class PostgresqlSide:
    """A database."""

    def __init__(self, db: asyncpg.Connection, address: Address, tables: MovedTables, holder: UUID) -> None:
        """`holder`: a random one, whose place nobody takes."""
        self.shown = address.shown
        self._db = db
        self._tables, self._holder = tables, holder
        #: by table: the types of its columns
        self._kinds: dict[str, tuple[str, ...]] = {}

    async def close(self) -> None:
        self._db.terminate()

    @contextmanager
    def faults(self) -> Iterator[None]:
        try:
            yield
        except FAULTS as fault:
            raise translated(fault) from None

    async def mark(self) -> Moving | None:
        return read_moving(await self._db.fetchrow(f"SELECT {MOVING} FROM moving"))  # noqa: S608 - constants

    async def is_served(self) -> bool:
        return bool(await self._db.fetchval(_SERVED))

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Who writes begins by its row of `gateway`: it waits there, and afterwards it is fenced."""
        async with self._db.transaction():
            await self._db.execute("LOCK TABLE gateway IN EXCLUSIVE MODE")
            await self._db.execute("UPDATE gateway SET epoch = epoch + 1, holder = $1", self._holder)
            if await self.is_served():
                raise SettingsError([f"a gateway serves {self.shown}: stop it first"])
            yield

    async def having(self, table: MovedTable, columns: tuple[str, ...], keys: Sequence[Key]) -> list[Row]:
        arrays, same = await self._keyed(table, columns)
        sql = f"{await self._select(table)} JOIN unnest({arrays}) AS k ({', '.join(columns)}) ON {same}"
        return _rows(
            await self._db.fetch(sql, *await self._given(table, columns, keys)), self._kinds[table.name]
        )

    async def every(self, table: MovedTable) -> list[Row]:
        return _rows(await self._db.fetch(await self._select(table)), self._kinds[table.name])

    async def count(self, table: MovedTable) -> int:
        counted = "(SELECT 1 FROM message)" if table.name == "message" else _relation(table)
        return int(await self._db.fetchval(f"SELECT count(*) FROM {counted} r"))  # noqa: S608 - a table of ours

    async def _kinds_of(self, table: MovedTable) -> tuple[str, ...]:
        if table.name not in self._kinds:
            sql = f"SELECT {', '.join(table.columns)} FROM {_relation(table)} r"  # noqa: S608 - a table of ours
            attributes = (await self._db.prepare(sql)).get_attributes()
            self._kinds[table.name] = tuple(attribute.type.name for attribute in attributes)
        return self._kinds[table.name]

    async def _keyed(self, table: MovedTable, columns: tuple[str, ...]) -> tuple[str, str]:
        """Write arrays of keys, and the condition that a row has one of them."""
        kinds = await self._kinds_of(table)
        types = [_ARRAYS[kinds[place]] for place in table.places(columns)]
        arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, start=1))
        return arrays, " AND ".join(f"r.{name} = k.{name}" for name in columns)

    async def _given(
        self, table: MovedTable, columns: tuple[str, ...], keys: Iterable[Key]
    ) -> list[Sequence[Any]]:
        """Give what is bound to `_keyed`."""
        kinds = await self._kinds_of(table)
        return _taken(zip(*keys, strict=True), [kinds[place] for place in table.places(columns)])

    async def _select(self, table: MovedTable) -> str:
        kinds = await self._kinds_of(table)
        columns = (
            f"r.{name}::int" if kind == "bool" else f"r.{name}"
            for name, kind in zip(table.columns, kinds, strict=True)
        )
        return f"SELECT {', '.join(columns)} FROM {_relation(table)} r"  # noqa: S608 - a table of ours


class PostgresqlSource(PostgresqlSide):
    """Implements `MoveSource`: a database that a store moves from."""

    async def begin(self, other: str, move: str) -> None:
        async with self._db.transaction():
            leaving = await self._db.fetchval("SELECT name FROM account_move LIMIT 1")
            if leaving is not None:
                raise SettingsError([f"account {leaving} moves to or from {self.shown}: complete that first"])
            await self._drop_notes()
            await self._db.execute("DELETE FROM moving")
            await self._db.execute(_LOG)
            for name, columns in NOTED.items():
                new, old = (_noted(row, columns) for row in ("NEW", "OLD"))
                await self._db.execute(_NOTE.format(name=name, new=new, old=old))
                for table in _tables(name):
                    await self._db.execute(_TRIGGER.format(name=name, table=table))
            await self._db.execute("INSERT INTO moving VALUES ('source', $1, $2, false)", other, move)

    async def rows(self, table: MovedTable, after: Key | None, limit: int) -> list[Row]:
        key = ", ".join(f"r.{name}" for name in table.key)
        places = ", ".join(f"${number}" for number in range(2, len(table.key) + 2))
        where = "" if after is None else f"WHERE ({key}) > ({places})"
        sql = f"{await self._select(table)} {where} ORDER BY {key} LIMIT $1"
        bound = [] if after is None else await self._given(table, table.key, [after])
        return _rows(
            await self._db.fetch(sql, limit, *(column[0] for column in bound)), self._kinds[table.name]
        )

    async def changes(self, limit: int) -> list[NotedChange]:
        found = await self._db.fetch("SELECT seq, name, a, b FROM moving_change ORDER BY seq LIMIT $1", limit)
        return [NotedChange(seq, name, self._key(name, (a, b))) for seq, name, a, b in found]

    def _key(self, name: str, given: tuple[str | None, ...]) -> Key:
        """Read a key that was noted as text."""
        table = self._tables[name]
        return tuple(
            int(value or 0) if column in table.integers else unescaped(value or "")
            for column, value in zip(table.noted, given, strict=False)
        )

    async def forget(self, changes: Sequence[NotedChange]) -> None:
        seqs = [change.seq for change in changes]
        await self._db.execute("DELETE FROM moving_change WHERE seq = ANY($1::bigint[])", seqs)

    async def drop_unfinished(self) -> None:
        pass  # there is none: a submission is one transaction

    async def content(self, digest: str) -> bytes | None:
        octets = await self._db.fetchval("SELECT octets FROM content WHERE digest = $1", digest)
        return None if octets is None else bytes(octets)

    async def end(self) -> None:
        await self._drop_notes()
        await self._db.execute("UPDATE moving SET is_done = true")

    async def abandon(self) -> None:
        async with self._db.transaction():
            await self._drop_notes()
            await self._db.execute("DELETE FROM moving")

    async def _drop_notes(self) -> None:
        for name in NOTED:
            await self._db.execute(f"DROP FUNCTION IF EXISTS moving_{name} CASCADE")
        await self._db.execute("DROP TABLE IF EXISTS moving_change")


class PostgresqlTarget(PostgresqlSide):
    """Implements `MoveTarget`: a database that a store moves to."""

    async def is_empty(self) -> bool:
        kept = [table for name, table in self._tables.items() if name not in ("counter", "lease", "minute")]
        return not any([await self.count(table) for table in kept])

    async def begin(self, other: str, move: str) -> None:
        async with self.closed():
            await self._db.execute("INSERT INTO moving VALUES ('target', $1, $2, false)", other, move)
            await self._db.execute(_PROGRESS)

    async def progress(self) -> Mapping[str, CopyProgress]:
        found: dict[str, CopyProgress] = {}
        for name, phase, after in await self._db.fetch("SELECT name, phase, after FROM moving_progress"):
            found[name] = CopyProgress(msgspec.convert(phase, Phase), read_key(after))
        return found

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        async with self._db.transaction():
            yield

    async def note(self, table: MovedTable, progress: CopyProgress | None) -> None:
        await self._db.execute("DELETE FROM moving_progress WHERE name = $1", table.name)
        if progress is not None:
            after = msgspec.json.encode(progress.after).decode()
            await self._db.execute(
                "INSERT INTO moving_progress VALUES ($1, $2, $3)", table.name, progress.phase, after
            )

    async def put(
        self, table: MovedTable, columns: tuple[str, ...], keys: Collection[Key], rows: Sequence[Row]
    ) -> None:
        if not keys:
            return
        parts, found = PARTS.get(table.name), await self._given(table, columns, keys)
        arrays, same = await self._keyed(table, columns)
        for statement in parts.before if parts else ():
            await self._db.execute(statement, *found)
        for name in _tables(table.name):
            sql = f"DELETE FROM {name} r USING unnest({arrays}) AS k ({', '.join(columns)}) WHERE {same}"  # noqa: S608 - tables of ours
            await self._db.execute(sql, *found)
        await self._insert(table, rows)

    async def put_all(self, table: MovedTable, rows: Sequence[Row]) -> None:
        if table.name == "message":
            await self._db.execute("DELETE FROM duplicate_key")
        where = f" WHERE name NOT IN ({OWN})" if table.name == "counter" else ""
        for name in _tables(table.name):
            await self._db.execute(f"DELETE FROM {name}{where}")  # noqa: S608 - tables of ours
        await self._insert(table, rows)

    async def lacking(self, after: str, limit: int) -> list[str]:
        return [digest for (digest,) in await self._db.fetch(_LACKING, after, limit)]

    async def keep(self, octets: bytes) -> None:
        await self._db.execute(_KEEP, digest_of(octets), octets)

    async def tidy(self) -> None:
        await self._db.execute(f"VACUUM (ANALYZE) {', '.join(self._every())}")

    async def end(self) -> None:
        async with self._db.transaction():
            numbers: dict[str, int] = {}
            for name, column in await self._db.fetch(_IDENTITIES, self._every()):
                highest = f"(SELECT coalesce(max({column}), 0) + 1 FROM {_HIGHEST.get(name, name)})"  # noqa: S608 - tables of ours
                sequence = f"pg_get_serial_sequence('{name}', '{column}')"
                numbers[name] = await self._db.fetchval(f"SELECT setval({sequence}, {highest}, false)")
            cell = await self._db.fetchval("SELECT value FROM counter WHERE name = 'cell'")
            if cell is not None:
                await number_apart(self._db, cell, numbers)
            await self._db.execute("DELETE FROM moving")
            await self._db.execute("DROP TABLE moving_progress")

    def _every(self) -> list[str]:
        return [name for table in self._tables for name in _tables(table)]

    async def _insert(self, table: MovedTable, rows: Sequence[Row]) -> None:
        if not rows:
            return
        records = list(zip(*_taken(zip(*rows, strict=True), await self._kinds_of(table)), strict=True))
        parts, columns = PARTS.get(table.name), ", ".join(table.columns)
        name = table.name if parts is None else f"incoming_{table.name}"
        if parts is not None:
            await self._db.execute(
                f"""CREATE TEMP TABLE {name} ON COMMIT DROP AS
                    SELECT {columns} FROM {_relation(table)} r WITH NO DATA"""  # noqa: S608 - a table of ours
            )
        await self._db.copy_records_to_table(name, records=records, columns=table.columns)
        if parts is not None:
            for statement in parts.insert:
                await self._db.execute(statement)
            await self._db.execute(f"DROP TABLE {name}")


async def open_source(url: str, tables: MovedTables, holder: UUID) -> PostgresqlSource:
    """Open a database that a store moves from. Raises SettingsError, StoreUnavailable."""
    return PostgresqlSource(*await open_alone(url, may_upgrade=False), tables, holder)


async def open_target(url: str, tables: MovedTables, holder: UUID) -> PostgresqlTarget:
    """Open a database that a store moves to. Raises SettingsError, StoreUnavailable."""
    return PostgresqlTarget(*await open_alone(url, may_upgrade=True), tables, holder)


async def open_alone(url: str, *, may_upgrade: bool) -> tuple[asyncpg.Connection, Address]:
    """Connect to a database that nobody else moves anything from or to until the connection ends. Raises
    SettingsError, StoreUnavailable.
    """
    address = read_address(url)
    db = await connect(address, MOVING_STORE, "migrate")
    try:
        await upgrade(db, address.shown, may_upgrade=may_upgrade)
        # until the connection ends; the server may notice late that a killed one has
        await db.execute("SELECT pg_advisory_lock($1)", MOVE)
    except (GatewayError, *FAULTS) as fault:
        db.terminate()
        if isinstance(fault, asyncpg.LockNotAvailableError):
            raise SettingsError([f"another move works on {address.shown}"]) from None
        raise translated(fault) from None
    return db, address


def read_key(after: str) -> Key | None:
    """Read a key that was written down."""
    found = msgspec.json.decode(after, type=list[int | str] | None)
    return None if found is None else tuple(found)


def _relation(table: MovedTable) -> str:
    return f"({RELATIONS[table.name]})" if table.name in RELATIONS else table.name


def _tables(name: str) -> tuple[str, ...]:
    return PARTS[name].tables if name in PARTS else (name,)


def _noted(row: str, columns: tuple[str, ...]) -> str:
    return ", ".join([*(f"{row}.{column}::text" for column in columns), "NULL::text"][:2])


def _taken(columns: Iterable[Sequence[Any]], kinds: Iterable[str]) -> list[Sequence[Any]]:
    """Give columns as PostgreSQL takes them."""
    taken: list[Sequence[Any]] = []
    for column, kind in zip(columns, kinds, strict=True):
        if kind == "text":
            taken.append(all_escaped(column))
        elif kind == "bool":
            taken.append([None if value is None else bool(value) for value in column])
        else:
            taken.append(column)
    return taken


def _rows(records: Sequence[asyncpg.Record], kinds: Sequence[str]) -> list[Row]:
    """Give rows as they were before they were taken."""
    columns = (
        all_unescaped(column) if kind == "text" else column
        for column, kind in zip(zip(*records, strict=True), kinds if records else (), strict=True)
    )
    return list(zip(*columns, strict=True))
