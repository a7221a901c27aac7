"""What a move asks of the cell that an account comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aldis.errors import SettingsError
from aldis.store.postgresql.account_move.side import CellDatabase, carry
from aldis.store.postgresql.account_move.source import MOVES
from aldis.store.postgresql.account_move.tables import (
    FILE_LATE,
    FIXED,
    HISTORY,
    LATE,
    OF_ACCOUNT,
    WAITING,
    MovedAccount,
)
from aldis.store.postgresql.engine.ranges import fill_gaps
from aldis.store.postgresql.writes.cells import number_apart
from aldis.store.postgresql.writes.purses import ADMITTED, CLOSED
from aldis.traffic.states import State

#: what comes when nothing happens to the account any more, each in a table of its own until it is all there
ARRIVING = tuple(dict.fromkeys(part.table for part in (*WAITING, *HISTORY, *OF_ACCOUNT)))

_BEGIN = """
INSERT INTO account_move (account_id, name, role, other, move, state)
VALUES ($1, $2, 'target', $3, $4, 'arriving')"""
_USED = """
SELECT EXISTS (SELECT 1 FROM purse p WHERE p.account_id = $1 AND (held <> 0 OR spent <> 0))
    OR EXISTS (SELECT 1 FROM inbound i WHERE i.account_id = $1)
    OR EXISTS (SELECT 1 FROM duplicate_key k WHERE k.account_id = $1)"""
#: what was ever paid in may be known from the directory
_PAID_IN = "DELETE FROM purse WHERE account_id = $1"
_PURSES = f"""
INSERT INTO purse AS p (account_id, slot, credited, held, spent)
SELECT account_id, CASE slot WHEN {CLOSED} THEN {ADMITTED} ELSE slot END, credited, held, spent
FROM arriving_purse
ON CONFLICT (account_id, slot) DO UPDATE SET
    credited = p.credited + EXCLUDED.credited, held = p.held + EXCLUDED.held, spent = p.spent + EXCLUDED.spent
"""  # noqa: S608 - numbers
_MONEY = "SELECT coalesce(sum({}), 0)::bigint FROM {} WHERE account_id = $1"
_SETTLE = (
    # what was a dead letter when it was copied, and was replayed since
    "DELETE FROM told t USING arriving_pending_postback p WHERE t.postback_id = p.postback_id",
    f"UPDATE arriving_bulk_job SET state = 'running', why = '' WHERE state = 'paused' AND why = '{MOVES}'",  # noqa: S608
)
_DOUBT = State.UNCONFIRMED.value
_LATE = (
    f"""UPDATE ended e SET state = l.state, reason = l.reason, ended_at = l.ended_at FROM late_ended l
    WHERE e.message_id = l.message_id AND e.state = '{_DOUBT}' AND l.state <> '{_DOUBT}'""",  # noqa: S608 - the table's
    """UPDATE segment s SET state = l.state, error_code = l.error_code, receipt_at = l.receipt_at
    FROM late_segment l
    WHERE s.message_id = l.message_id AND s.number = l.number AND l.receipt_at > s.receipt_at""",
)
#: receipts that came before their segments
_REVIEW_AGAIN = """
UPDATE parked_receipt p SET reviewed = false FROM arriving_segment s
WHERE p.reviewed AND p.link = s.link AND p.smsc_message_id = s.smsc_message_id"""
_EARLY = """
INSERT INTO parked_receipt (link, smsc_message_id, state, error_code, recipient, received_at, destination)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
_CONTENT = """
SELECT {columns} FROM content r
WHERE r.digest IN (SELECT u.digest FROM content_use u JOIN chosen c USING (message_id))"""


class MovingTo:
    """The cell that an account comes to."""

    def __init__(self, side: CellDatabase, account: MovedAccount) -> None:
        self.side, self.db = side, side.db
        self._account = account

    async def begin(self, other: str, move: str) -> None:
        """Know the account under the id that it has in the source. Raises SettingsError."""
        account_id, name = self._account
        async with self.db.transaction():
            await fill_gaps(self.db)  # its messages may be older than what is kept here
            here = await self.db.fetchval("SELECT account_id FROM account WHERE name = $1 FOR UPDATE", name)
            if here is None:
                raise SettingsError(
                    [f"{self.side.shown} does not know {name}: apply the directory there first"]
                )
            if await self.db.fetchval(_USED, here):
                raise SettingsError([f"{self.side.shown} has money or messages of {name} already"])
            if here != account_id:
                if await self.db.fetchval("SELECT 1 FROM account WHERE account_id = $1", account_id):
                    raise SettingsError([f"{self.side.shown} has another account under the id of {name}"])
                await self.db.execute("DELETE FROM purse WHERE account_id = $1", here)
                await self.db.execute("DELETE FROM account WHERE account_id = $1", here)
                await self.db.execute(
                    "INSERT INTO account (account_id, name) VALUES ($1, $2)", account_id, name
                )
                await self.db.execute(
                    "INSERT INTO purse (account_id, slot) VALUES ($1, $2)", account_id, ADMITTED
                )
            await self.db.execute(_BEGIN, account_id, name, other, move)
            await self.side.set_state(self._account, "arriving")

    async def take_fixed(self, source: CellDatabase, message_ids: Sequence[int]) -> None:
        """Copy what never changes of messages that are chosen in the source, within a transaction: they are
        nowhere yet.
        """
        await self.side.choose(message_ids)
        for table, select in (await source.selects(self._account, FIXED)).items():
            await self._take(source, table, select)
        columns = await self.side.columns("content")
        wanted = _CONTENT.format(columns=", ".join(f"r.{name}" for name in columns))
        await self._take(source, "content", wanted)
        await self.db.execute(FILE_LATE)

    async def take_history(self, source: CellDatabase) -> None:
        """Copy what became of the messages that are chosen on both sides."""
        for table, select in (await source.selects(self._account, HISTORY)).items():
            await self._take(source, table, select)

    async def take_late(self, source: CellDatabase) -> None:
        """Take over what late receipts have said in the source, of the messages that are chosen there."""
        selects = await source.selects(self._account, LATE)
        for table, select in selects.items():
            columns = await self.side.columns(table)
            await self.db.execute(f"CREATE TEMP TABLE late_{table} (LIKE {table})")
            await carry(source, select, self.side, f"late_{table}", columns)
        for statement in _LATE:
            await self.db.execute(statement)
        for table in selects:
            await self.db.execute(f"DROP TABLE late_{table}")

    async def _take(self, source: CellDatabase, table: str, select: str) -> None:
        """Copy rows, but those that are here."""
        columns = await self.side.columns(table)
        await self.db.execute(f"CREATE TEMP TABLE incoming (LIKE {table})")
        await carry(source, select, self.side, "incoming", columns)
        await self.db.execute(f"INSERT INTO {table} SELECT * FROM incoming ON CONFLICT DO NOTHING")  # noqa: S608 - a table of ours
        await self.db.execute("DROP TABLE incoming")

    async def take_rest(self, source: CellDatabase, selects: Mapping[str, str]) -> None:
        """Copy what is left, by table, into tables that nobody looks at."""
        async with self.db.transaction():
            for table, select in selects.items():
                await self.db.execute(f"DROP TABLE IF EXISTS arriving_{table}")
                await self.db.execute(f"CREATE TABLE arriving_{table} (LIKE {table})")
                columns = await self.side.columns(table)
                await carry(source, select, self.side, f"arriving_{table}", columns)

    async def digest_of_rest(self, table: str) -> tuple[int, str]:
        """Tell how many rows of a table have been copied so, and what they are."""
        columns = ", ".join(await self.side.columns(table))
        return await self.side.digest(f"SELECT {columns} FROM arriving_{table}")  # noqa: S608 - ours

    async def arrive(self, last: Mapping[str, int]) -> None:
        """Have all that was copied be in its place. `last`: by table, what new rows are to be numbered
        above.
        """
        async with self.db.transaction():
            for statement in _SETTLE:
                await self.db.execute(statement)
            await self.db.execute(_PAID_IN, self._account.account_id)
            await self.db.execute(_PURSES)
            for table in ARRIVING:
                if table == "purse":
                    continue
                columns = ", ".join(await self.side.columns(table))
                sql = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM arriving_{table}"  # noqa: S608 - ours
                await self.db.execute(f"{sql} ON CONFLICT DO NOTHING")
            cell = await self.db.fetchval("SELECT value FROM counter WHERE name = 'cell'")
            if cell is not None:
                await number_apart(self.db, cell, last)
            await self.db.execute(_REVIEW_AGAIN)
            await self._drop_arriving()
            await self.side.set_state(self._account, "here")

    async def money(self) -> tuple[int, ...]:
        """Give what was credited, is held and was spent, in millionths."""
        found = [
            await self.db.fetchval(_MONEY.format(name, "purse"), self._account.account_id)
            for name in ("credited", "held", "spent")
        ]
        return tuple(found)

    async def take_pending(self, source: CellDatabase, select: str) -> None:
        """Take over postbacks that came up in the source since."""
        await self._take(source, "pending_postback", select)

    async def take_early_receipts(self, receipts: Sequence[tuple[Any, ...]]) -> None:
        """Keep receipts that came to the source, for whoever reviews those that are early."""
        await self.db.executemany(_EARLY, receipts)

    async def lacks(self, message_ids: Sequence[int]) -> set[int]:
        """Tell which of some messages are not here."""
        sql = """
SELECT message_id FROM message WHERE message_id = ANY($1::bigint[])
UNION ALL SELECT inbound_id FROM inbound WHERE inbound_id = ANY($1::bigint[])"""
        rows = await self.db.fetch(sql, message_ids)
        return set(message_ids).difference(row[0] for row in rows)

    async def job_ids(self) -> list[int]:
        """Name the account's jobs."""
        rows = await self.db.fetch("SELECT job_id FROM bulk_job WHERE account = $1", self._account.name)
        return [row[0] for row in rows]

    async def give_up(self) -> None:
        """Have nothing of the account here but its name, once its messages are removed."""
        async with self.db.transaction():
            await self._drop_arriving()
            await self.side.forget(self._account)

    async def _drop_arriving(self) -> None:
        for table in ARRIVING:
            await self.db.execute(f"DROP TABLE IF EXISTS arriving_{table}")
