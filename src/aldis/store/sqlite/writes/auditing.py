"""The audit log: written in the transaction of what it tells of, read newest first."""

from __future__ import annotations

import apsw
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import every

_COLUMNS = "at, actor, via, action, subject, detail"


def write(db: apsw.Connection, entry: AuditEntry) -> None:
    """Remember what is being done in this transaction."""
    db.execute(f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", astuple(entry))  # noqa: S608


@operation()
def note(db: apsw.Connection, items: list[AuditEntry]) -> list[None]:
    """Remember what was done outside of the store."""
    for entry in items:
        write(db, entry)
    return [None] * len(items)


def log(db: apsw.Connection, before: int, limit: int, subject: str) -> list[tuple[int, AuditEntry]]:
    """Give entries below a number, newest first."""
    where, bindings = "entry_id < ?", [before or 2**62]
    about: list[object] = []
    if subject:
        where += " AND subject = ?"
        about = [subject]
    sql = f"SELECT entry_id, {_COLUMNS} FROM audit WHERE {where} ORDER BY entry_id DESC LIMIT ?"  # noqa: S608
    return [(number, AuditEntry(*rest)) for number, *rest in every(db, sql, (*bindings, *about, limit))]
