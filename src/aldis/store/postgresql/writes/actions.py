"""The writes of what operators do to messages, which share their transaction with the audit entry."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.errors import TransitionRefused
from aldis.store.contract.actions import CommandAnswer
from aldis.store.contract.admission import Acceptance
from aldis.store.postgresql.engine.operations import locking, operation_on_each
from aldis.store.postgresql.writes import admission, auditing, commands, endings, locks
from aldis.traffic.refusal import Refusal


class Again(msgspec.Struct, frozen=True):
    """A message to be accepted."""

    acceptance: Acceptance
    entry: AuditEntry
    #: the command that wants it; 0: none
    command_id: int


@operation_on_each
async def cancel(db: asyncpg.Connection, item: tuple[endings.Cancel, AuditEntry]) -> bool:
    """End a message that is in our own hands and still queued; tells whether it was."""
    message, entry = item
    (count,) = await endings.cancel(db, [message])
    if count:
        await auditing.note(db, [entry])
    return count > 0


@locking(lambda _item: [locks.accepting()])
@operation_on_each
async def send_again(db: asyncpg.Connection, item: Again) -> Refusal | None:
    """Accept a message; it is judged after the one before it."""
    (refusal,) = await admission.accept(db, [item.acceptance])
    if refusal is None:
        await auditing.note(db, [item.entry])
        if item.command_id:
            new_id = str(item.acceptance.messages[0].message_id)
            (is_first,) = await commands.answer(
                db, [(item.command_id, CommandAnswer(done=True, answer=new_id))]
            )
            if not is_first:
                raise TransitionRefused("another gateway has carried the command out")
    return refusal
