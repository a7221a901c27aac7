"""Writes rows of which the database may refuse some, inside a transaction that goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from aldis.store.postgresql.engine.faults import is_rangeless

Row = TypeVar("Row")

#: a constraint, or a value that a column has no room for
REFUSED = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)


async def each_alone(
    db: asyncpg.Connection,
    write: Callable[[asyncpg.Connection, Sequence[Row]], Awaitable[object]],
    rows: Sequence[Row],
) -> list[Row]:
    """Write rows, or all but those that the database refuses, which are found by halves; returns these."""
    if not rows:
        return []
    await db.execute("SAVEPOINT alone")
    try:
        await write(db, rows)
    except REFUSED as fault:
        if is_rangeless(fault):
            raise
        await db.execute("ROLLBACK TO SAVEPOINT alone; RELEASE SAVEPOINT alone")
        if len(rows) == 1:
            return [rows[0]]
        middle = len(rows) // 2
        return await each_alone(db, write, rows[:middle]) + await each_alone(db, write, rows[middle:])
    await db.execute("RELEASE SAVEPOINT alone")
    return []
