"""The audit log is written in the transaction of what it tells of."""

from __future__ import annotations

import apsw
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.sqlite.engine.operations import operation_on_each

COLUMNS = "at, actor, via, action, subject, detail"


def write(db: apsw.Connection, entry: AuditEntry) -> None:
    """Remember what is being done in this transaction."""
    db.execute(f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", astuple(entry))  # noqa: S608


@operation_on_each()
def note(db: apsw.Connection, entry: AuditEntry) -> None:
    """Remember what was done outside of the store."""
    write(db, entry)
