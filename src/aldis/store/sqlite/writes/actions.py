"""The writes of what operators do to messages, which share their transaction with the audit entry, and of
commands to the gateway.
"""

from __future__ import annotations

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.actions import Command, CommandAnswer
from aldis.store.contract.admission import Acceptance
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import first, one
from aldis.store.sqlite.writes import admission, auditing, endings
from aldis.traffic.refusal import Refusal


class Again(msgspec.Struct, frozen=True):
    """A message to be accepted."""

    acceptance: Acceptance
    entry: AuditEntry
    #: the command that wants it; 0: none
    command_id: int


@operation_on_each()
def cancel(db: apsw.Connection, item: tuple[endings.Cancel, AuditEntry]) -> bool:
    """End a message that is in our own hands and still queued; tells whether it was."""
    message, entry = item
    (count,) = endings.cancel(db, [message])
    if count:
        auditing.write(db, entry)
    return count > 0


@operation_on_each()
def send_again(db: apsw.Connection, item: Again) -> Refusal | None:
    """Accept a message; it is judged after the one before it."""
    (refusal,) = admission.accept(db, [item.acceptance])
    if refusal is None:
        auditing.write(db, item.entry)
        if item.command_id:
            new_id = str(item.acceptance.messages[0].message_id)
            answer(db, [(item.command_id, CommandAnswer(done=True, answer=new_id))])
    return refusal


@operation_on_each()
def give(db: apsw.Connection, item: Command) -> int:
    """Keep a command."""
    sql = """INSERT INTO message_order (kind, message_id, actor, role, asked_at) VALUES (?, ?, ?, ?, ?)
             RETURNING order_id"""
    return int(one(db, sql, (item.kind, item.message_id, item.actor, item.role, item.asked_at)))


@operation_on_each()
def answer(db: apsw.Connection, item: tuple[int, CommandAnswer]) -> None:
    """Write what came of a command."""
    command_id, what = item
    sql = "UPDATE message_order SET done = ?, answer = ? WHERE order_id = ?"
    db.execute(sql, (int(what.done), what.answer, command_id))


@operation_on_each()
def withdraw(db: apsw.Connection, order_id: int) -> bool:
    """Forget a command that is open."""
    sql = "DELETE FROM message_order WHERE order_id = ? AND done IS NULL RETURNING order_id"
    return first(db, sql, (order_id,)) is not None


@operation_on_each()
def forget(db: apsw.Connection, before: int) -> None:
    """Forget what was ordered long ago."""
    db.execute("DELETE FROM message_order WHERE asked_at < ?", (before,))
