"""Implements `CommandStore`."""

from __future__ import annotations

from aldis.store.contract.commands import Command, CommandAnswer, CommandKind
from aldis.store.sqlite.engine.rows import every, first
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import commands


class SqliteCommands(Connections):
    """Rows of `message_order`."""

    async def give(self, command: Command) -> int:
        return await self.writer.call(commands.give, command)

    async def waiting(self, limit: int) -> list[Command]:
        sql = """SELECT order_id, kind, message_id, actor, role, asked_at FROM message_order
                 WHERE done IS NULL ORDER BY order_id LIMIT ?"""
        rows = every(self.reader, sql, (limit,))
        return [Command(number, CommandKind(kind), *rest) for number, kind, *rest in rows]

    async def answer(self, command_id: int, answer: CommandAnswer) -> None:
        await self.writer.call(commands.answer, commands.Answered(command_id, answer))

    async def answer_to(self, command_id: int) -> CommandAnswer | None:
        sql = "SELECT done, answer FROM message_order WHERE order_id = ? AND done IS NOT NULL"
        row = first(self.reader, sql, (command_id,))
        return None if row is None else CommandAnswer(bool(row[0]), row[1])

    async def withdraw(self, command_id: int) -> bool:
        return await self.writer.call(commands.withdraw, command_id)

    async def forget(self, before: int) -> None:
        if first(self.reader, "SELECT 1 FROM message_order WHERE asked_at < ? LIMIT 1", (before,)):
            await self.writer.call(commands.forget, before)
