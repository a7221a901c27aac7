"""What a move of an account does with either database, and how rows go from one to the other."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

import asyncpg

from aldis.errors import SettingsError
from aldis.store.postgresql.account_move.tables import MovedAccount, MovedRows, digest_of
from aldis.store.postgresql.engine.address import Address
from aldis.store.postgresql.engine.faults import FAULTS, translated
from aldis.store.postgresql.moving import open_alone

_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
_CHOSEN = "CREATE TEMP TABLE IF NOT EXISTS chosen (message_id bigint PRIMARY KEY)"
_STAND = """
SELECT role, other, move, state, message_id, inbound_id FROM account_move WHERE account_id = $1"""
_BUMP = "UPDATE counter SET value = value + 1 WHERE name = 'directory_version'"


class MoveState(NamedTuple):
    """How far a move is on one side: a row of `account_move`."""

    role: str
    other: str
    move: str
    state: str
    message_id: int
    inbound_id: int


class CellDatabase:
    """A database; all calls are of one task, and raise what the driver raises."""

    def __init__(self, db: asyncpg.Connection, address: Address) -> None:
        self.db = db
        self.shown = address.shown
        self._columns: dict[str, tuple[str, ...]] = {}

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Have faults of the driver told as a store tells them."""
        try:
            yield
        except FAULTS as fault:
            raise translated(fault) from None

    async def columns(self, table: str) -> tuple[str, ...]:
        """Name a table's columns."""
        if table not in self._columns:
            self._columns[table] = tuple([row[0] for row in await self.db.fetch(_COLUMNS, table)])
        return self._columns[table]

    async def stand(self, account_id: int) -> MoveState | None:
        """Tell how far a move of an account is here."""
        row = await self.db.fetchrow(_STAND, account_id)
        return None if row is None else MoveState(*row)

    async def set_state(self, account: MovedAccount, state: str) -> None:
        """Write how far it is, of which all gateways hear."""
        await self.db.execute(
            "UPDATE account_move SET state = $2 WHERE account_id = $1", account.account_id, state
        )
        await self.db.execute(_BUMP)

    async def forget(self, account: MovedAccount) -> None:
        """Write that nothing of an account moves here, of which all gateways hear."""
        await self.db.execute("DELETE FROM account_move WHERE account_id = $1", account.account_id)
        await self.db.execute(_BUMP)

    async def choose(self, message_ids: Iterable[int]) -> None:
        """Have the next statements be about these messages."""
        await self.db.execute(_CHOSEN)
        await self.db.execute("TRUNCATE chosen")
        records = [(message_id,) for message_id in message_ids]
        await self.db.copy_records_to_table("chosen", records=records)

    async def chosen(self) -> list[int]:
        """Name the messages that statements are about."""
        return [row[0] for row in await self.db.fetch("SELECT message_id FROM chosen ORDER BY message_id")]

    async def note(self, account: MovedAccount, column: str, up_to: int) -> None:
        """Write how far a move has come: by `message_id`, or by `inbound_id`."""
        sql = f"UPDATE account_move SET {column} = $2 WHERE account_id = $1"  # noqa: S608 - a column of ours
        await self.db.execute(sql, account.account_id, up_to)

    async def selects(self, account: MovedAccount, parts: Sequence[MovedRows]) -> dict[str, str]:
        """Write a query for each table of some parts."""
        found: dict[str, str] = {}
        for part in parts:
            select = account.select(part, await self.columns(part.table))
            found[part.table] = f"{found[part.table]} UNION ALL {select}" if part.table in found else select
        return found

    async def digest(self, select: str) -> tuple[int, str]:
        """Tell how many rows a query gives, and what they are."""
        count, digest = (await self.db.fetch(digest_of(select)))[0]
        return count, digest


async def carry(
    source: CellDatabase, select: str, target: CellDatabase, table: str, columns: Sequence[str]
) -> None:
    """Copy what a query gives into a table on the other side."""
    rows = io.BytesIO()
    await source.db.copy_from_query(select, output=rows, format="binary")
    rows.seek(0)
    await target.db.copy_to_table(table, source=rows, columns=columns, format="binary")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[CellDatabase]:
    """Open a database that nothing else moves from or to meanwhile. Raises SettingsError,
    StoreUnavailable.
    """
    db, address = await open_alone(url, may_upgrade=False)
    side = CellDatabase(db, address)
    try:
        with side.faults():
            if await db.fetchrow("SELECT 1 FROM moving"):
                raise SettingsError([f"all of {address.shown} moves, or has moved, to another database"])
            yield side
    finally:
        db.terminate()
