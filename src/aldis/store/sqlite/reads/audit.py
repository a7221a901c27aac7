"""The audit log, newest first."""

from __future__ import annotations

import apsw

from aldis.accounts.staff import AuditEntry
from aldis.store.sqlite.engine.rows import every

COLUMNS = "at, actor, via, action, subject, detail"


def log(db: apsw.Connection, before: int, limit: int, subject: str) -> list[tuple[int, AuditEntry]]:
    """Give entries below a number, newest first."""
    where, bindings = "entry_id < ?", [before or 2**62]
    about: list[object] = []
    if subject:
        where += " AND subject = ?"
        about = [subject]
    sql = f"SELECT entry_id, {COLUMNS} FROM audit WHERE {where} ORDER BY entry_id DESC LIMIT ?"  # noqa: S608
    return [(number, AuditEntry(*rest)) for number, *rest in every(db, sql, (*bindings, *about, limit))]
