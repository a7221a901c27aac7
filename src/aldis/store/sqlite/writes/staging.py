"""Takes large submissions in pieces. Their messages wait in a temporary table of the writer's connection
until one statement puts all of them where messages are: whoever writes meanwhile waits for a piece or for
that statement, and a submission is still stored whole or not at all. A crash forgets what waits.
"""

from __future__ import annotations

import apsw
import msgspec
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.admission import Acceptance
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import first, for_each
from aldis.store.sqlite.writes import auditing, recipients
from aldis.store.sqlite.writes.admission import duplicates_of, holds_of, write_holds
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal, RefusalReason

_COLUMNS = ", ".join(NewMessage.__struct_fields__)
_TABLE = f"""CREATE TEMP TABLE IF NOT EXISTS staged (stage INTEGER, {_COLUMNS},
             PRIMARY KEY (stage, message_id)) WITHOUT ROWID"""
_STAGE = f"INSERT INTO temp.staged (stage, {_COLUMNS}) VALUES {{rows}}"  # noqa: S608 - the columns are constants
_STORE = f"""INSERT INTO message ({_COLUMNS})
             SELECT {_COLUMNS} FROM temp.staged WHERE stage = ? ORDER BY message_id"""  # noqa: S608 - the same
_OPTED_OUT = """
SELECT s.recipient FROM temp.staged s
CROSS JOIN opt_out o ON o.sender = s.sender AND o.msisdn = s.recipient
WHERE s.stage = ? AND NOT s.exempt ORDER BY s.message_id LIMIT 1
"""


class StagedMessages(msgspec.Struct, frozen=True, array_like=True):
    """Some messages of a submission."""

    #: names the submission: its first message
    stage: int
    messages: tuple[NewMessage, ...]


class StagedAcceptance(msgspec.Struct, frozen=True, array_like=True):
    """A submission whose messages are all there, without attachments."""

    stage: int
    account_id: int
    prepaid: bool
    #: of all messages
    price: int
    #: those whose references must be nobody else's
    scoped: tuple[NewMessage, ...]
    entry: AuditEntry | None


@operation_on_each()
def stage(db: apsw.Connection, piece: StagedMessages) -> None:
    """Have messages wait."""
    db.execute(_TABLE)
    for_each(db, _STAGE, [(piece.stage, *astuple(message)) for message in piece.messages])


@operation_on_each()
def unstage(db: apsw.Connection, stage: int) -> None:
    """Forget messages that wait."""
    db.execute(_TABLE)
    db.execute("DELETE FROM temp.staged WHERE stage = ?", (stage,))


@operation_on_each()
def accept_staged(db: apsw.Connection, staged: StagedAcceptance) -> Refusal | None:
    """Store what waits as `admission.accept` does, or refuse it; nothing of it waits after that."""
    holds = holds_of(db)
    scoped = Acceptance(staged.account_id, staged.prepaid, staged.scoped)
    refusal = (
        _opted_out(db, staged.stage)
        or duplicates_of(db, [scoped]).find_duplicate(scoped)
        or holds.hold(staged.account_id, staged.price, is_prepaid=staged.prepaid)
    )
    if refusal is None:
        db.execute(_STORE, (staged.stage,))
        recipients.file_late_of(db, "temp.staged", staged.stage)
        write_holds(db, holds)
        if staged.entry is not None:
            auditing.write(db, staged.entry)
    db.execute("DELETE FROM temp.staged WHERE stage = ?", (staged.stage,))
    return refusal


def _opted_out(db: apsw.Connection, stage: int) -> Refusal | None:
    if first(db, "SELECT 1 FROM opt_out LIMIT 1") is None:
        return None
    found = first(db, _OPTED_OUT, (stage,))
    return None if found is None else Refusal(RefusalReason.OPTED_OUT, value=found[0])
