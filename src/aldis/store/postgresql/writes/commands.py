"""The writes of commands to the gateway."""

from __future__ import annotations

import asyncpg

from aldis.store.contract.actions import Command, CommandAnswer
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import escaped

_GIVE = """
INSERT INTO message_order (kind, message_id, actor, role, asked_at) VALUES ($1, $2, $3, $4, $5)
RETURNING order_id"""
_ANSWER = "UPDATE message_order SET done = $1, answer = $2 WHERE order_id = $3 AND done IS NULL"
_WITHDRAW = "DELETE FROM message_order WHERE order_id = $1 AND done IS NULL RETURNING order_id"


@operation_on_each
async def give(db: asyncpg.Connection, item: Command) -> int:
    """Keep a command."""
    given = (item.kind, item.message_id, escaped(item.actor), item.role, item.asked_at)
    return int(await db.fetchval(_GIVE, *given))


@operation_on_each
async def answer(db: asyncpg.Connection, item: tuple[int, CommandAnswer]) -> bool:
    """Write what came of a command; tells whether nobody had."""
    command_id, what = item
    return await db.execute(_ANSWER, what.done, escaped(what.answer), command_id) == "UPDATE 1"


@operation_on_each
async def withdraw(db: asyncpg.Connection, command_id: int) -> bool:
    """Forget a command that is open."""
    return await db.fetchval(_WITHDRAW, command_id) is not None


@operation_on_each
async def forget(db: asyncpg.Connection, before: int) -> None:
    """Forget what was ordered long ago."""
    await db.execute("DELETE FROM message_order WHERE asked_at < $1", before)
