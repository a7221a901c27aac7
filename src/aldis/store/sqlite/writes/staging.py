"""Stores large submissions in pieces, so that whoever writes meanwhile waits for a piece only.

The messages of a piece stand where all messages do, and `staged_submission` has their ids. Whoever looks for
messages leaves these out (`rows.whole`), until one small write takes a submission's ids out of that table: it
is seen whole or not at all. What a crash leaves there is removed at the next start.
"""

from __future__ import annotations

from itertools import pairwise

import apsw
import msgspec
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.errors import StoreUnavailable
from aldis.store.contract.admission import Acceptance
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import first, for_each, one
from aldis.store.sqlite.writes import auditing, recipients
from aldis.store.sqlite.writes.admission import INSERT, duplicates_of, holds_of, write_holds
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal

#: messages that are stored, or removed, in one transaction
PIECE = 250
#: a stage that stands for all
ALL = 0


class StagedMessages(msgspec.Struct, frozen=True, array_like=True):
    """Some messages of a submission, in the order of their ids."""

    #: names the submission: its first message
    stage: int
    messages: tuple[NewMessage, ...]


class StagedAcceptance(msgspec.Struct, frozen=True, array_like=True):
    """A submission whose messages are all stored, without attachments."""

    stage: int
    #: how many messages
    count: int
    account_id: int
    prepaid: bool
    #: of all messages
    price: int
    #: those whose references must be nobody else's
    scoped: tuple[NewMessage, ...]
    entry: AuditEntry | None


@operation_on_each()
def stage(db: apsw.Connection, piece: StagedMessages) -> None:
    """Store messages that nobody is to see yet."""
    rows = [astuple(message) for message in piece.messages]
    for first_id, last_id in _runs([row[0] for row in rows]):
        grown = "UPDATE staged_submission SET last_id = ? WHERE stage = ? AND last_id = ?"
        db.execute(grown, (last_id, piece.stage, first_id - 1))
        if not db.changes():
            db.execute("INSERT INTO staged_submission VALUES (?, ?, ?)", (first_id, last_id, piece.stage))
    for_each(db, INSERT, rows)
    recipients.file_late(db, rows)


@operation_on_each()
def accept_staged(db: apsw.Connection, staged: StagedAcceptance) -> Refusal | None:
    """Accept what is stored as `admission.accept` does, or refuse it; then it is still to be removed."""
    there = "SELECT ifnull(sum(last_id - first_id + 1), 0) FROM staged_submission WHERE stage = ?"
    if one(db, there, (staged.stage,)) != staged.count:
        raise StoreUnavailable("a part of the submission was removed")
    holds = holds_of(db)
    scoped = Acceptance(staged.account_id, staged.prepaid, staged.scoped)
    refusal = duplicates_of(db, [scoped]).find_duplicate(scoped) or holds.hold(
        staged.account_id, staged.price, is_prepaid=staged.prepaid
    )
    if refusal is None:
        db.execute("DELETE FROM staged_submission WHERE stage = ?", (staged.stage,))
        write_holds(db, holds)
        if staged.entry is not None:
            auditing.write(db, staged.entry)
    return refusal


@operation_on_each()
def remove(db: apsw.Connection, stage: int) -> bool:
    """Remove a piece of what is stored under a stage; tells whether there is more."""
    wanted = "FROM staged_submission WHERE stage = ?1 OR ?1 = 0 LIMIT 1"
    run = first(db, f"SELECT first_id, last_id {wanted}", (stage,))
    if run is None:
        return False
    first_id, last_id = run
    low = max(first_id, last_id - PIECE + 1)
    recipients.forget(db, range(low, last_id + 1))
    db.execute("DELETE FROM message WHERE message_id BETWEEN ? AND ?", (low, last_id))
    if low > first_id:
        db.execute("UPDATE staged_submission SET last_id = ? WHERE first_id = ?", (low - 1, first_id))
    else:
        db.execute("DELETE FROM staged_submission WHERE first_id = ?", (first_id,))
    return first(db, f"SELECT 1 {wanted}", (stage,)) is not None


def _runs(ids: list[int]) -> list[tuple[int, int]]:
    """Give the first and the last of ids that follow each other without a gap."""
    starts = [ids[0], *(after for before, after in pairwise(ids) if after != before + 1)]
    ends = [*(before for before, after in pairwise(ids) if after != before + 1), ids[-1]]
    return list(zip(starts, ends, strict=True))
