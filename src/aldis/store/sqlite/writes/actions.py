"""The writes of what operators do to messages, which share their transaction with the audit entry, and of
commands to the gateway.
"""

from __future__ import annotations

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.actions import Command, CommandAnswer
from aldis.store.contract.admission import Acceptance
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import first, one
from aldis.store.sqlite.writes import admission, auditing, cancelling
from aldis.traffic.refusal import Refusal


class CancelMessage(msgspec.Struct, frozen=True):
    """A message to be ended, which is in our own hands."""

    cancel: cancelling.Cancel
    entry: AuditEntry


class Again(msgspec.Struct, frozen=True):
    """A message to be accepted."""

    acceptance: Acceptance
    entry: AuditEntry
    #: the command that wants it; 0: none
    command_id: int


class Answered(msgspec.Struct, frozen=True):
    """What came of a command."""

    command_id: int
    answer: CommandAnswer


@operation()
def cancel(db: apsw.Connection, items: list[CancelMessage]) -> list[bool]:
    """End messages that are still queued; tells of each whether it was."""
    found = []
    for item in items:
        (count,) = cancelling.cancel(db, [item.cancel])
        if count:
            auditing.write(db, item.entry)
        found.append(count > 0)
    return found


@operation()
def send_again(db: apsw.Connection, items: list[Again]) -> list[Refusal | None]:
    """Accept messages; each is judged after the one before it."""
    answers = []
    for item in items:
        (refusal,) = admission.accept(db, [item.acceptance])
        if refusal is None:
            auditing.write(db, item.entry)
            if item.command_id:
                new_id = str(item.acceptance.messages[0].message_id)
                answer(db, [Answered(item.command_id, CommandAnswer(done=True, answer=new_id))])
        answers.append(refusal)
    return answers


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
