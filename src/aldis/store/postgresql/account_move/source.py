"""What a move asks of the cell that an account leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from aldis.errors import TemporaryError
from aldis.store.contract.cells import WITHHELD
from aldis.store.postgresql.account_move.side import CellDatabase
from aldis.store.postgresql.account_move.tables import HISTORY, IS_WITHHELD, LINK, MovedAccount, MovedRows
from aldis.store.postgresql.engine.ranges import BLOCK_BITS
from aldis.store.postgresql.writes.ownership import HOLDS_MS, in_reach, not_anothers
from aldis.store.postgresql.writes.purses import ADMITTED, CLOSED

_NOTE = """
CREATE FUNCTION leaving_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO leaving_message (message_id, account_id) VALUES (NEW.{key}, NEW.account_id)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE TRIGGER leaving AFTER INSERT ON {table}
FOR EACH ROW WHEN (NEW.account_id = {account_id}) EXECUTE FUNCTION leaving_{table}()
"""
#: what grows with traffic, by the id that it is numbered with
_NOTED = (("message", "message_id"), ("inbound", "inbound_id"))
_BEGIN = """
INSERT INTO account_move (account_id, name, role, other, move, state)
VALUES ($1, $2, 'source', $3, $4, 'copying')"""
_NEXT_MESSAGES = """
SELECT message_id, account_id = $1 FROM message WHERE message_id > $2 ORDER BY message_id LIMIT $3"""
_NEXT_INBOUND = """
SELECT inbound_id FROM inbound WHERE account_id = $1 AND inbound_id > $2 ORDER BY inbound_id LIMIT $3"""
#: of the chosen those that may still change, but that a late receipt may improve
_LEAVING = """
INSERT INTO leaving_message (message_id, account_id)
SELECT c.message_id, $1 FROM chosen c
WHERE EXISTS (SELECT 1 FROM pending_postback p WHERE p.message_id = c.message_id)
    OR (NOT EXISTS (SELECT 1 FROM ended e WHERE e.message_id = c.message_id)
        AND NOT EXISTS (SELECT 1 FROM inbound i WHERE i.inbound_id = c.message_id))
ON CONFLICT DO NOTHING"""
_DROP_LEAVING = "DELETE FROM chosen c USING leaving_message l WHERE l.message_id = c.message_id"
_NOT_COPIED = """
SELECT message_id FROM leaving_message WHERE account_id = $1 AND NOT is_copied ORDER BY message_id LIMIT $2"""
_COPIED = """
UPDATE leaving_message l SET is_copied = true FROM chosen c WHERE l.message_id = c.message_id"""
_OUT = f"""
UPDATE leaving_message l SET is_out = true WHERE l.account_id = $1 AND NOT l.is_out AND NOT EXISTS (
    SELECT 1 FROM queue q WHERE q.message_id = l.message_id AND NOT starts_with(q.link, '{WITHHELD}'))
"""  # noqa: S608 - constants
_IN_THE_WAY = "SELECT count(*) FROM leaving_message WHERE account_id = $1 AND NOT is_out"
_NOBODYS = f"""
SELECT q.message_id, q.link FROM leaving_message l JOIN queue q USING (message_id)
WHERE l.account_id = $1 AND NOT l.is_out AND NOT starts_with(q.link, '{WITHHELD}') AND NOT q.is_marked
    AND {not_anothers("q", "''")} LIMIT $2
"""  # noqa: S608 - constants
#: a gateway may have withheld it meanwhile
_WITHHOLD = f"""
UPDATE queue q SET link = '{WITHHELD}' || q.link FROM unnest($1::bigint[]) n (message_id)
WHERE q.message_id = n.message_id AND NOT q.is_marked AND NOT starts_with(q.link, '{WITHHELD}')
"""  # noqa: S608 - constants
_MUST_KNOW = f"""
SELECT holder FROM node WHERE state <> 'left' AND said_at > clock_timestamp() - {HOLDS_MS} * interval '1 ms'
UNION SELECT holder FROM lease WHERE holder <> '' AND until > clock_timestamp()
EXCEPT SELECT holder FROM account_release WHERE account_id = $1 AND state = ANY($2::text[])
"""  # noqa: S608 - a number
_SHUT = "UPDATE purse SET slot = $2 WHERE account_id = $1 AND slot = $3"
_PAUSE = """
UPDATE bulk_job SET state = 'paused', why = $2 WHERE account = $1 AND state = 'running'"""
#: the writers of the gateways wait for whoever has this
_STILL = "LOCK TABLE gateway IN EXCLUSIVE MODE"
_DROP_PENDING = "DELETE FROM pending_postback WHERE lane >= '{account_id} ' AND lane < '{account_id}!'"
_LEAVE = (
    f"DELETE FROM queue r WHERE {IS_WITHHELD}",  # noqa: S608 - ours
    "DELETE FROM sent r USING chosen c WHERE r.message_id = c.message_id",
    _DROP_PENDING,
    # what was ever paid in stays, as where the directory is changed
    "UPDATE purse SET held = 0, spent = 0 WHERE account_id = {account_id}",
    "DELETE FROM rate WHERE account_id = {account_id}",
    "DELETE FROM ended_webhook WHERE account_id = {account_id}",
    "DELETE FROM bulk_job WHERE account = '{name}'",
)
#: of a message that was withheld what became of it meanwhile has the link that it had
_GIVE_BACK = (
    f"UPDATE queue r SET link = {LINK} WHERE {IS_WITHHELD}",  # noqa: S608 - ours
    *(
        f"""UPDATE {table} r SET link = {LINK} FROM leaving_message l
        WHERE l.message_id = r.message_id AND starts_with(r.link, '{WITHHELD}')"""  # noqa: S608 - ours
        for table in ("sent", "ended")
    ),
)
#: of what was left for later all that is not simply waiting for its first attempt
_CHOOSE = f"""
INSERT INTO chosen
SELECT l.message_id FROM leaving_message l WHERE l.account_id = $1 AND (
    NOT EXISTS (SELECT 1 FROM queue r WHERE r.message_id = l.message_id AND r.attempts = 0 AND {IS_WITHHELD})
    OR EXISTS (SELECT 1 FROM late_answer a WHERE a.message_id = l.message_id)
    OR EXISTS (SELECT 1 FROM poison_message p WHERE p.message_id = l.message_id))
"""  # noqa: S608 - ours
_HOLD = (
    "SELECT 1 FROM ended JOIN chosen USING (message_id) ORDER BY message_id FOR UPDATE OF ended",
    "SELECT 1 FROM segment JOIN chosen USING (message_id) ORDER BY message_id, number FOR UPDATE OF segment",
)
_OVER = """
SELECT c.message_id, coalesce(e.ended_at, i.received_at) FROM chosen c
LEFT JOIN ended e USING (message_id) LEFT JOIN inbound i ON i.inbound_id = c.message_id"""
_DROP_ROWS = """
DELETE FROM bulk_row r WHERE r.job_id = ANY($1::bigint[])
    AND NOT EXISTS (SELECT 1 FROM bulk_job j WHERE j.job_id = r.job_id)"""
_KEEP_ENDED = """
DELETE FROM chosen c WHERE NOT EXISTS (SELECT 1 FROM ended e WHERE e.message_id = c.message_id)
    AND NOT EXISTS (SELECT 1 FROM inbound i WHERE i.inbound_id = c.message_id)"""
_EARLY = """
DELETE FROM parked_receipt WHERE receipt_id IN (
    SELECT p.receipt_id FROM chosen c JOIN segment s USING (message_id)
        JOIN parked_receipt p ON p.link = s.link AND p.smsc_message_id = s.smsc_message_id
    WHERE NOT EXISTS (SELECT 1 FROM tracked t WHERE t.message_id = c.message_id))
RETURNING link, smsc_message_id, state, error_code, recipient, received_at, destination"""
#: why a job pauses that ran, and goes on where the account is then
MOVES = "its account moves to another cell"
#: of each message, what hangs on it first
_REMOVE = (
    """DELETE FROM duplicate_key k USING chosen c, message m
    WHERE m.message_id = c.message_id AND m.duplicate_scope <> '' AND k.account_id = m.account_id
        AND k.scope = m.duplicate_scope AND k.reference = m.reference AND k.message_id = m.message_id""",
    f"""DELETE FROM message_recipient r USING chosen c, message m
    WHERE m.message_id = c.message_id AND r.block = m.message_id >> {BLOCK_BITS}
        AND r.recipient = m.recipient AND r.message_id = m.message_id""",  # noqa: S608 - a number
    """DELETE FROM postback_try y USING told t, chosen c
    WHERE t.message_id = c.message_id AND y.postback_id = t.postback_id""",
    *(
        f"DELETE FROM {part.table} r USING chosen c WHERE r.message_id = c.message_id"  # noqa: S608 - tables of ours
        for part in HISTORY
        if part.table != "postback_try"
    ),
    "DELETE FROM content_use r USING chosen c WHERE r.message_id = c.message_id",
    "DELETE FROM inbound r USING chosen c WHERE r.inbound_id = c.message_id",
    "DELETE FROM message r USING chosen c WHERE r.message_id = c.message_id",
    "DELETE FROM leaving_message r USING chosen c WHERE r.message_id = c.message_id",
)
#: for a gateway that writes, while all others wait behind us
LONGEST_WAIT_S = 1


class StillWriting(TemporaryError):
    """A gateway writes, and was not to be waited for."""


class MovingFrom:
    """The cell that an account leaves."""

    def __init__(self, side: CellDatabase, account: MovedAccount) -> None:
        self.side, self.db = side, side.db
        self._account = account

    async def begin(self, other: str, move: str) -> None:
        """Note from now on what comes for the account."""
        async with self.db.transaction():
            for table, key in _NOTED:
                await self.db.execute(_NOTE.format(table=table, key=key))
                await self.db.execute(_TRIGGER.format(table=table, account_id=self._account.account_id))
            await self.db.execute(_BEGIN, *self._account, other, move)

    async def next_messages(self, after: int, limit: int) -> tuple[list[int], int | None]:
        """Name the account's among the next messages of all, and where to go on; None: those were all."""
        rows = await self.db.fetch(_NEXT_MESSAGES, self._account.account_id, after, limit)
        return [row[0] for row in rows if row[1]], rows[-1][0] if len(rows) == limit else None

    async def next_inbound(self, after: int, limit: int) -> tuple[list[int], int | None]:
        """Name the account's next messages from handsets, and where to go on; None: those were all."""
        rows = await self.db.fetch(_NEXT_INBOUND, self._account.account_id, after, limit)
        return [row[0] for row in rows], rows[-1][0] if len(rows) == limit else None

    async def leave_out_unfinished(self) -> None:
        """Of the chosen have those be left for later that may still change."""
        await self.db.execute(_LEAVING, self._account.account_id)
        await self.db.execute(_DROP_LEAVING)

    async def not_copied(self, limit: int) -> list[int]:
        """Name what was left for later, and has come since, of which nothing is copied."""
        return [row[0] for row in await self.db.fetch(_NOT_COPIED, self._account.account_id, limit)]

    async def note_copied(self) -> None:
        """Write that the chosen are copied, but for what may still change."""
        await self.db.execute(_COPIED)

    async def choose_leaving(self) -> None:
        """Choose what may still change, and is more than a row of `queue`."""
        await self.side.choose(())
        await self.db.execute(_CHOOSE, self._account.account_id)

    async def pause_jobs(self) -> None:
        """Have jobs of the account pause that run; the target has them run again."""
        await self.db.execute(_PAUSE, self._account.name, MOVES)

    async def shut(self, *, is_shut: bool) -> None:
        """Have nothing accepted for the account, or again; waits for what is being accepted."""
        slots = (CLOSED, ADMITTED) if is_shut else (ADMITTED, CLOSED)
        async with self.db.transaction():
            await self.db.execute(_SHUT, self._account.account_id, *slots)
            await self.side.set_state(self._account, "closed" if is_shut else "leaving")

    async def in_the_way(self) -> int:
        """Count the messages that a sender may have in hand: those that are not withheld."""
        await self.db.execute(_OUT, self._account.account_id)
        return int(await self.db.fetchval(_IN_THE_WAY, self._account.account_id))

    async def withhold_nobodys(self, limit: int) -> int:
        """Withhold messages that wait in slots which no gateway has; returns how many."""
        async with self.db.transaction():
            found = [tuple(row) for row in await self.db.fetch(_NOBODYS, self._account.account_id, limit)]
            free = [message_id for message_id, _ in await in_reach(self.db, "", found)] if found else []
            if free:
                await self.db.execute(_WITHHOLD, free)
        return len(free)

    async def unreleased(self, *states: str) -> list[str]:
        """Name the gateways that may have something of the account in hand, or not know how it stands."""
        rows = await self.db.fetch(_MUST_KNOW, self._account.account_id, list(states))
        return [row[0] for row in rows]

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Begin a transaction beside which no gateway writes. Raises StillWriting where one writes for long:
        the others would wait for it as well.
        """
        async with self.db.transaction():
            await self.db.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT_S}s'")
            try:
                await self.db.execute(_STILL)
            except asyncpg.LockNotAvailableError:
                raise StillWriting from None
            yield

    async def digest(self, parts: Sequence[MovedRows]) -> dict[str, tuple[int, str]]:
        """Tell, by table, how many rows of the account some parts have, and what they are."""
        selects = await self.side.selects(self._account, parts)
        return {table: await self.side.digest(select) for table, select in selects.items()}

    async def leave(self) -> None:
        """Have nothing of the account that can still happen, within `still`."""
        for statement in _LEAVE:
            await self.db.execute(self._account.filled(statement))
        await self.side.set_state(self._account, "left")

    async def come_back(self) -> None:
        """Have all as it was before `begin`."""
        async with self.db.transaction():
            for statement in _GIVE_BACK:
                await self.db.execute(statement)
            await self.db.execute(_SHUT, self._account.account_id, ADMITTED, CLOSED)
            await self.db.execute(
                "UPDATE bulk_job SET state = 'running', why = '' WHERE account = $1 AND why = $2",
                self._account.name,
                MOVES,
            )
            await self._forget()

    async def hold(self, message_ids: Sequence[int]) -> dict[int, int]:
        """Choose those of some messages that have ended here, or are from handsets, which no receipt changes
        any more within the transaction; gives when they were over.
        """
        await self.side.choose(message_ids)
        await self.db.execute(_KEEP_ENDED)
        for statement in _HOLD:
            await self.db.execute(statement)
        return dict(map(tuple, await self.db.fetch(_OVER)))

    async def now(self) -> int:
        """Tell the server's time, in milliseconds."""
        return int(await self.db.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"))

    async def early_receipts(self, message_ids: Sequence[int]) -> list[tuple[Any, ...]]:
        """Take out early receipts that are about messages which are nowhere here any more: link, id, state,
        error code, recipient, when, destination.
        """
        await self.side.choose(message_ids)
        return [tuple(row) for row in await self.db.fetch(_EARLY)]

    async def drop_pending(self) -> None:
        """Forget the account's pending postbacks."""
        await self.db.execute(self._account.filled(_DROP_PENDING))

    async def drop_rows_of_jobs(self, job_ids: Sequence[int]) -> None:
        """Forget the rows of jobs that are not here any more."""
        await self.db.execute(_DROP_ROWS, job_ids)

    async def end(self) -> None:
        """Have nothing be known of the account but its name, once all of it is removed; its purse stays
        closed.
        """
        async with self.db.transaction():
            await self._forget()

    async def _forget(self) -> None:
        account_id = self._account.account_id
        for table, _ in _NOTED:
            await self.db.execute(f"DROP FUNCTION IF EXISTS leaving_{table} CASCADE")
        await self.db.execute("DELETE FROM leaving_message WHERE account_id = $1", account_id)
        await self.db.execute("DELETE FROM account_release WHERE account_id = $1", account_id)
        await self.side.forget(self._account)


async def remove(side: CellDatabase, message_ids: Sequence[int]) -> None:
    """Remove messages with all that hangs on them, within a transaction."""
    await side.choose(message_ids)
    for statement in _REMOVE:
        await side.db.execute(statement)
