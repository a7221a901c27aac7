"""Implements `ActionStore` and `CommandStore`."""

from __future__ import annotations

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.actions import Command, CommandAnswer, CommandKind
from aldis.store.contract.admission import Acceptance
from aldis.store.rules.endings import CANCELLED
from aldis.store.sqlite.engine.rows import every, first
from aldis.store.sqlite.reads.poison import set_aside, suspects
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import actions, endings, poison
from aldis.traffic.message import NewMessage, PoisonMessage
from aldis.traffic.refusal import Refusal


class SqliteActions(Connections):
    """Lets be what is claimed, and tells the claims of what is accepted."""

    async def cancel(self, message_id: int, link: str, entry: AuditEntry) -> bool:
        hands = [(self.claims.of(link), message_id)]
        if message_id in hands[0][0].claimed:
            return False
        with self.claims.in_our_hands(hands):
            cancel = endings.Cancel((message_id,), CANCELLED, entry.at)
            return await self.writer.call(actions.cancel, (cancel, entry))

    async def is_anothers(self, message_id: int, link: str) -> bool:  # noqa: ARG002 - there is no other
        return False

    async def try_again(self, message_id: int, link: str, entry: AuditEntry, command_id: int = 0) -> bool:
        item = poison.TryAgain(message_id, entry, command_id)
        done = await self.writer.call(poison.try_again, item)
        if done:
            claims = self.claims.of(link)
            claims.poison.discard(message_id)
            claims.drop_fresh()
            self.claims.suspects = suspects(self.reader)
        return done

    async def poison(self, limit: int) -> list[PoisonMessage]:
        return set_aside(self.reader, limit)

    async def send_again(
        self, message: NewMessage, *, prepaid: bool, entry: AuditEntry, command_id: int = 0
    ) -> Refusal | None:
        acceptance = Acceptance(message.account_id, prepaid, (message,))
        refusal = await self.writer.call(actions.send_again, actions.Again(acceptance, entry, command_id))
        if refusal is None:
            self.claims.note_accepted(acceptance.messages)
        return refusal


class SqliteCommands(Connections):
    """Rows of `message_order`."""

    async def give(self, command: Command) -> int:
        return await self.writer.call(actions.give, command)

    async def waiting(self, limit: int) -> list[Command]:
        sql = """SELECT order_id, kind, message_id, actor, role, asked_at FROM message_order
                 WHERE done IS NULL ORDER BY order_id LIMIT ?"""
        rows = every(self.reader, sql, (limit,))
        return [Command(number, CommandKind(kind), *rest) for number, kind, *rest in rows]

    async def answer(self, command_id: int, answer: CommandAnswer) -> None:
        await self.writer.call(actions.answer, (command_id, answer))

    async def answer_to(self, command_id: int) -> CommandAnswer | None:
        sql = "SELECT done, answer FROM message_order WHERE order_id = ? AND done IS NOT NULL"
        row = first(self.reader, sql, (command_id,))
        return None if row is None else CommandAnswer(bool(row[0]), row[1])

    async def withdraw(self, command_id: int) -> bool:
        return await self.writer.call(actions.withdraw, command_id)

    async def forget(self, before: int) -> None:
        if first(self.reader, "SELECT 1 FROM message_order WHERE asked_at < ? LIMIT 1", (before,)):
            await self.writer.call(actions.forget, before)
