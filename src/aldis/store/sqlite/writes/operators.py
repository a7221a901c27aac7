"""The writes about those who operate the gateway."""

from __future__ import annotations

import apsw
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.operators import (
    EndSession,
    OperatorChange,
    PutOperator,
    PutToken,
    RemoveOperator,
    RemoveToken,
    StartSession,
)
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.writes import auditing


@operation_on_each()
def carry_out(db: apsw.Connection, item: tuple[OperatorChange, AuditEntry | None]) -> bool:
    """Carry out a change, and remember it if it changed something."""
    change, entry = item
    before = db.total_changes()
    match change:
        case PutOperator(operator):
            db.execute("INSERT OR REPLACE INTO operator VALUES (?, ?, ?, ?)", astuple(operator))
            db.execute("DELETE FROM session WHERE operator = ?", (operator.name,))
        case RemoveOperator(name):
            db.execute("DELETE FROM operator WHERE name = ?", (name,))
            db.execute("DELETE FROM session WHERE operator = ?", (name,))
        case StartSession(session):
            db.execute("DELETE FROM session WHERE expires_at <= ?", (session.started_at,))
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?)", astuple(session))
        case EndSession(digest):
            db.execute("DELETE FROM session WHERE digest = ?", (digest,))
        case PutToken(token):
            db.execute("INSERT INTO api_token VALUES (?, ?, ?, ?, ?, ?)", astuple(token))
        case RemoveToken(name):
            db.execute("DELETE FROM api_token WHERE name = ?", (name,))
    changed = db.total_changes() > before
    if changed and entry is not None:
        auditing.write(db, entry)
    return changed
