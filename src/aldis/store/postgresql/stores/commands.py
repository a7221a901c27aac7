"""Implements `CommandStore`."""

from __future__ import annotations

import asyncpg

from aldis.store.contract.actions import Command, CommandAnswer, CommandKind
from aldis.store.postgresql.engine.texts import unescaped
from aldis.store.postgresql.stores.connections import Claiming, from_pool
from aldis.store.postgresql.writes import commands, ownership

_WAITING = f"""
SELECT order_id, kind, message_id, actor, role, asked_at FROM message_order o
WHERE done IS NULL AND NOT EXISTS (
    SELECT 1 FROM queue q WHERE q.message_id = o.message_id AND NOT {ownership.not_anothers("q", "$2")})
ORDER BY order_id LIMIT $1"""  # noqa: S608 - a constant
_ANSWER = "SELECT done, answer FROM message_order WHERE order_id = $1 AND done IS NOT NULL"
_OLD = "SELECT 1 FROM message_order WHERE asked_at < $1 LIMIT 1"


async def _waiting(db: asyncpg.Connection, limit: int, holder: str) -> list[Command]:
    return [
        Command(number, CommandKind(kind), message_id, unescaped(actor), role, asked_at)
        for number, kind, message_id, actor, role, asked_at in await db.fetch(_WAITING, limit, holder)
    ]


async def _answer_to(db: asyncpg.Connection, command_id: int) -> CommandAnswer | None:
    row = await db.fetchrow(_ANSWER, command_id)
    return None if row is None else CommandAnswer(row[0], unescaped(row[1]))


async def _has_from_before(db: asyncpg.Connection, before: int) -> bool:
    return await db.fetchval(_OLD, before) is not None


class PostgresqlCommands(Claiming):
    """Rows of `message_order`."""

    answer_to = from_pool(_answer_to)

    async def waiting(self, limit: int) -> list[Command]:
        return await self.reads.ask(_waiting, limit, self.claims.holder)

    async def give(self, command: Command) -> int:
        return await self.writer.call(commands.give, command)

    async def answer(self, command_id: int, answer: CommandAnswer) -> None:
        await self.writer.call(commands.answer, (command_id, answer))

    async def withdraw(self, command_id: int) -> bool:
        return await self.writer.call(commands.withdraw, command_id)

    async def forget(self, before: int) -> None:
        if await self.reads.ask(_has_from_before, before):
            await self.writer.call(commands.forget, before)
