"""Runs batches of operations on a connection of its own, each batch one transaction.

A transaction begins with the fence: it writes its number into the lane's row of `gateway`, where the epoch is
still ours. So one who takes our place, by raising the epoch, waits for what is under way and ends us. The
same number answers the question that a network asks: was a commit kept whose answer was lost? Raising our own
epoch, on whichever server is the primary now, waits for the lost transaction and shows the last number that
was kept; and because that is a commit itself, it ends after the standbys have it.

A commit is never cancelled. Nobody waits for one with a time limit: a lane's work is a task that only its
writer knows. A server that does not answer is cut off, which cancels nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from aldis.errors import (
    LeaseLost,
    OutcomeUnknown,
    PermanentError,
    SettingsError,
    StoreUnavailable,
    TemporaryError,
)
from aldis.store.postgresql.engine.faults import FAULTS, is_lost, is_worth_another_try, translated
from aldis.store.postgresql.engine.operations import Call, locks_of, run_calls
from aldis.store.postgresql.engine.outbox import TransactionOutbox

log = structlog.get_logger()

#: how long a server may take for a transaction before it is cut off
TURN_S = 20.0
#: how long is asked whether a commit was kept; longer than the server lets an idle transaction live
PATIENCE_S, RETRY_S = 12.0, 0.25
#: how often a transaction is run that conflicts with others
TRIES = 3

_TAKE = """
INSERT INTO gateway (node, lane, holder) VALUES ($1, $2, $3)
ON CONFLICT (node, lane) DO UPDATE SET epoch = gateway.epoch + 1, holder = EXCLUDED.holder
RETURNING gateway_id, epoch, batch"""
_TAKE_AGAIN = """
UPDATE gateway SET epoch = epoch + 1 WHERE node = $1 AND lane = $2 AND holder = $3
RETURNING gateway_id, epoch, batch"""
_GIVE_BACK = "DELETE FROM gateway WHERE node = $1 AND lane = $2 AND holder = $3"
#: by the simple protocol, which runs it in one call together with BEGIN
_FENCE = """
PREPARE fence (bigint, integer, bigint) AS
UPDATE gateway SET batch = $1 WHERE gateway_id = $2 AND epoch = $3"""

_TAKE_OVER = "UPDATE gateway SET epoch = epoch + 1, holder = $2 WHERE node = $1"

#: connects for writing
Connect = Callable[[], Awaitable[asyncpg.Connection]]


async def take_over(db: asyncpg.Connection, node: str, holder: UUID) -> None:
    """End whoever writes as a node, on however many lanes. Raises StoreUnavailable."""
    try:
        await db.execute(_TAKE_OVER, node, holder)
    except FAULTS as fault:
        raise translated(fault) from None


class Lane:
    """One connection that writes, and its row of `gateway`; runs one batch at a time."""

    def __init__(
        self,
        connect: Connect,
        node: str,
        number: int,
        holder: UUID,
        outbox: TransactionOutbox | None = None,
        *,
        turn_s: float = TURN_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`node`: the gateway's name; `holder`: this run of its process, for all its lanes; `outbox`: hears
        of each transaction.
        """
        self._connect = connect
        self._key = (node, number, holder)
        self._outbox = outbox
        self._turn_s, self._patience_s = turn_s, patience_s
        self._loop = asyncio.get_running_loop()
        self._db: asyncpg.Connection | None = None
        self._gateway_id = self._epoch = self._batch = 0
        #: another process writes as this node and lane
        self._is_fenced = False
        #: the server has warned during the statement that runs
        self._has_warned = False
        #: so far, for the metrics and for tests of group commit
        self.commits = 0

    async def open(self) -> None:
        """Take the row, whosever it was. Raises StoreUnavailable, SettingsError."""
        await self._take()

    async def run(self, batch: Sequence[Call]) -> list[Any]:
        """Run a batch; gives a result or an exception for each call. What has a result is kept.

        StoreUnavailable and LeaseLost: nothing was kept; OutcomeUnknown: all or nothing. A batch that fails
        otherwise is run again in halves, so that only the guilty call fails.
        """
        try:
            return await self._run(batch)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it belongs to one of the callers
            if len(batch) == 1 or self._is_fenced or isinstance(fault, TemporaryError):
                return [fault] * len(batch)
        middle = len(batch) // 2
        return [*await self.run(batch[:middle]), *await self.run(batch[middle:])]

    async def close(self) -> None:
        """Give the row back, and end the connection."""
        if self._db is None:
            return
        guard = self._loop.call_later(self._turn_s, self._db.terminate)
        try:
            await self._db.execute(_GIVE_BACK, *self._key)
            await self._db.close()
        except FAULTS:
            self._db.terminate()  # the next of our name takes the row
        finally:
            guard.cancel()

    async def _run(self, batch: Sequence[Call]) -> list[Any]:
        """Run a batch in one transaction, again where it conflicts with another one."""
        tries = 0
        while True:
            tries += 1
            try:
                return await self._run_once(batch)
            except FAULTS as fault:
                if tries == TRIES or not is_worth_another_try(fault):
                    raise translated(fault) from None

    async def _run_once(self, batch: Sequence[Call]) -> list[Any]:
        db = self._db if self._db is not None and not self._db.is_closed() else await self._take_again()
        self._batch += 1
        guard = self._loop.call_later(self._turn_s, db.terminate)
        outbox, left = self._outbox, None
        if outbox is not None:
            outbox.begin()
        try:
            try:
                await self._begin(db, batch)
                results = await run_calls(db, batch)
                if outbox is not None:
                    left = await outbox.gather(db)
            except BaseException as fault:
                await self._roll_back(db, fault)
                raise
            await self._commit(db)
        finally:
            guard.cancel()
        self.commits += 1
        if outbox is not None:
            outbox.deliver(left)
        return results

    async def _begin(self, db: asyncpg.Connection, batch: Sequence[Call]) -> None:
        """Begin with the locks: who waits for them holds nothing."""
        fence = f"EXECUTE fence({self._batch}, {self._gateway_id}, {self._epoch})"
        if await db.execute(f"BEGIN; {locks_of(batch)}{fence}") != "UPDATE 1":
            self._fail_for_good()

    def _fail_for_good(self) -> None:
        self._is_fenced = True
        raise LeaseLost("another process writes to the store as this node")

    async def _roll_back(self, db: asyncpg.Connection, fault: BaseException) -> None:
        try:
            if isinstance(fault, FAULTS) and is_lost(fault):
                db.terminate()
            else:
                await db.execute("ROLLBACK")
        except FAULTS:
            db.terminate()

    async def _commit(self, db: asyncpg.Connection) -> None:
        """Commit, and find out what became of it where the answer is none. Raises StoreUnavailable when
        nothing was kept, OutcomeUnknown when that cannot be found out.
        """
        self._has_warned = False
        try:
            said = await db.execute("COMMIT")
        except FAULTS as fault:
            if not is_lost(fault):
                raise  # a constraint that is looked at last
        else:
            # a wait for the standbys that was cancelled is a warning and a yes (01000)
            if said == "COMMIT" and not self._has_warned:
                return
            if said != "COMMIT":
                raise PermanentError("an operation went on after a fault")
        db.terminate()
        await self._find_out()

    async def _find_out(self) -> None:
        """Return if the last transaction was kept."""
        wanted, deadline = self._batch, self._loop.time() + self._patience_s
        log.warning("the answer to a commit was lost", node=self._key[0], lane=self._key[1])
        while True:
            try:
                await self._take_again()
            except TemporaryError:
                if self._loop.time() >= deadline:
                    raise OutcomeUnknown("PostgreSQL was lost while it committed") from None
                await asyncio.sleep(RETRY_S)
            except LeaseLost:
                raise OutcomeUnknown("PostgreSQL was lost while it committed") from None
            else:
                break
        if self._batch != wanted:
            raise StoreUnavailable("PostgreSQL was lost before it committed")

    async def _take_again(self) -> asyncpg.Connection:
        """Take the row after a connection was lost: whatever keeps us from it now may pass."""
        try:
            return await self._take()
        except SettingsError as fault:
            raise StoreUnavailable(str(fault)) from None

    async def _take(self) -> asyncpg.Connection:
        """Connect, and raise our epoch: what we wrote before has ended when this returns, and `_batch` is the
        last that was kept.
        """
        if self._is_fenced:
            self._fail_for_good()
        self._db = db = await self._connect()
        db.add_log_listener(self._hear)
        guard = self._loop.call_later(self._turn_s, db.terminate)
        self._has_warned = False
        try:
            row = await db.fetchrow(_TAKE_AGAIN if self._epoch else _TAKE, *self._key)
            if row is not None:
                await db.execute(_FENCE)
        except FAULTS as fault:
            db.terminate()
            raise translated(fault) from None
        finally:
            guard.cancel()
        if self._has_warned:
            db.terminate()
            raise StoreUnavailable("PostgreSQL: the wait for the standbys was cancelled")
        if row is None:
            db.terminate()
            self._fail_for_good()
            raise AssertionError  # it has raised
        self._gateway_id, self._epoch, self._batch = row
        return db

    def _hear(self, _db: object, message: asyncpg.PostgresLogMessage) -> None:
        """Hear what the server says beside its answers; asyncpg calls this before it hands out the answer
        that comes behind.
        """
        if message.severity_en == "WARNING":
            self._has_warned = True
