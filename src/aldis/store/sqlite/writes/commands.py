"""The writes of commands to the gateway, and of what came of them."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.contract.actions import Command, CommandAnswer
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import first, one


class Answered(msgspec.Struct, frozen=True):
    """What came of a command."""

    command_id: int
    answer: CommandAnswer


@operation()
def give(db: apsw.Connection, items: list[Command]) -> list[int]:
    """Keep commands."""
    sql = """INSERT INTO message_order (kind, message_id, actor, role, asked_at) VALUES (?, ?, ?, ?, ?)
             RETURNING order_id"""
    return [
        one(db, sql, (item.kind, item.message_id, item.actor, item.role, item.asked_at)) for item in items
    ]


@operation()
def answer(db: apsw.Connection, items: list[Answered]) -> list[None]:
    """Write what came of commands."""
    sql = "UPDATE message_order SET done = ?, answer = ? WHERE order_id = ?"
    db.executemany(sql, [(int(item.answer.done), item.answer.answer, item.command_id) for item in items])
    return [None] * len(items)


@operation()
def withdraw(db: apsw.Connection, order_ids: list[int]) -> list[bool]:
    """Forget commands that are open."""
    sql = "DELETE FROM message_order WHERE order_id = ? AND done IS NULL RETURNING order_id"
    return [first(db, sql, (order_id,)) is not None for order_id in order_ids]


@operation()
def forget(db: apsw.Connection, instants: list[int]) -> list[None]:
    """Forget what was ordered long ago."""
    db.execute("DELETE FROM message_order WHERE asked_at < ?", (max(instants),))
    return [None] * len(instants)
