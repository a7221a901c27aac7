"""The writes of what operators do to messages. Each shares its transaction with its audit entry."""

from __future__ import annotations

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.actions import CommandAnswer
from aldis.store.contract.admission import Acceptance
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.writes import admission, auditing, cancelling, commands
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
                commands.answer(
                    db, [commands.Answered(item.command_id, CommandAnswer(done=True, answer=new_id))]
                )
        answers.append(refusal)
    return answers
