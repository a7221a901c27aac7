"""Has writes run beside each other, by a lock that all of them wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from aldis.store.postgresql.engine.operations import Operation, locks_of
from aldis.store.postgresql.writes import owing

#: who waits for another's row waits for its transaction, which is of no database
WAITING = """
SELECT count(*) FROM pg_locks w WHERE NOT w.granted AND EXISTS (
    SELECT 1 FROM pg_locks h JOIN pg_database d ON d.oid = h.database
    WHERE h.pid = w.pid AND d.datname = current_database())"""


class Holding:
    """A transaction that holds locks."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db

    async def until(self, waiting: int) -> None:
        """Wait until so many wait for locks."""
        while await self._db.fetchval(WAITING) < waiting:
            await asyncio.sleep(0)

    async def until_waiting_or(self, call: asyncio.Future[Any]) -> None:
        """Wait until somebody waits for a lock, or a call is done that needs none."""
        while not call.done() and not await self._db.fetchval(WAITING):
            await asyncio.sleep(0)

    async def value(self, statement: str) -> Any:
        """Ask for one value."""
        return await self._db.fetchval(statement)

    async def is_free(self, kind: int, key: int) -> bool:
        """Tell whether an advisory lock could be had alone."""
        return bool(await self._db.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", kind, key))


@asynccontextmanager
async def holding(database: str, statements: str) -> AsyncIterator[Holding]:
    """Run statements in a transaction that ends with the block."""
    db = await asyncpg.connect(database, server_settings={"search_path": "aldis"})
    async with db.transaction():
        await db.execute(statements)
        yield Holding(db)
    await db.close()


async def at_once(
    database: str, lock: str, calls: Sequence[Awaitable[Any]], waiting: int | None = None
) -> list[Any]:
    """Have calls come to a lock that another one has, and go on when all wait for it. `waiting`: how many
    transactions they become, where that is less.
    """
    async with holding(database, lock) as other:
        running = [asyncio.ensure_future(call) for call in calls]
        await other.until(len(calls) if waiting is None else waiting)
    return await asyncio.gather(*running)


@asynccontextmanager
async def open_call(database: str, operation: Operation[Any, Any], *items: Any) -> AsyncIterator[Holding]:
    """Run an operation in a transaction that is committed at the end of the block."""
    owing.PostbackOutbox(lambda _: None).begin()
    db = await asyncpg.connect(database, server_settings={"search_path": "aldis"})
    async with db.transaction():
        await db.execute(f"{locks_of([(operation, item) for item in items])}SELECT 1")
        await operation(db, list(items))
        yield Holding(db)
    await db.close()


async def behind(
    database: str, operation: Operation[Any, Any], item: Any, call: Callable[[], Awaitable[Any]]
) -> Any:
    """Make a call while an operation has run and is not committed; it may wait for that. Gives its result."""
    async with open_call(database, operation, item) as other:
        running = asyncio.ensure_future(call())
        await other.until_waiting_or(running)
    return await running
