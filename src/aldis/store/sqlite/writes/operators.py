"""The writes about those who operate the gateway."""

from __future__ import annotations

import apsw
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry, Operator, Role
from aldis.store.contract.operators import (
    ChangePassword,
    ChangeRole,
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
    if _leaves_no_admin(db, change):
        return False
    before = db.total_changes()
    match change:
        case PutOperator() | ChangeRole() | ChangePassword() | RemoveOperator():
            _change_operator(db, change)
        case StartSession(session):
            db.execute("DELETE FROM session WHERE expires_at <= ?", (session.started_at,))
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", astuple(session))
        case EndSession(digest):
            db.execute("DELETE FROM session WHERE digest = ?", (digest,))
        case PutToken(token):
            db.execute("INSERT INTO api_token VALUES (?, ?, ?, ?, ?, ?, ?)", astuple(token))
        case RemoveToken(name):
            db.execute("DELETE FROM api_token WHERE name = ?", (name,))
    changed = db.total_changes() > before
    if changed and entry is not None:
        auditing.write(db, entry)
    return changed


def _leaves_no_admin(db: apsw.Connection, change: OperatorChange) -> bool:
    match change:
        case PutOperator(Operator(name, role)) | ChangeRole(name, role) if role is not Role.ADMIN:
            pass
        case RemoveOperator(name):
            pass
        case _:
            return False
    admins = db.execute("SELECT name FROM operator WHERE role = ?", (Role.ADMIN,)).fetchall()
    return admins == [(name,)]


def _change_operator(
    db: apsw.Connection, change: PutOperator | ChangeRole | ChangePassword | RemoveOperator
) -> None:
    match change:
        case PutOperator(operator):
            db.execute("INSERT OR REPLACE INTO operator VALUES (?, ?, ?, ?)", astuple(operator))
            _end_what_was_open(db, operator.name, is_admin=operator.role is Role.ADMIN)
        case ChangeRole(name, role):
            db.execute("UPDATE operator SET role = ? WHERE name = ?", (role, name))
            _end_what_was_open(db, name, is_admin=role is Role.ADMIN)
        case ChangePassword(name, password_hash):
            db.execute("UPDATE operator SET password_hash = ? WHERE name = ?", (password_hash, name))
            _end_what_was_open(db, name, is_admin=True)
        case RemoveOperator(name):
            db.execute("DELETE FROM operator WHERE name = ?", (name,))
            _end_what_was_open(db, name, is_admin=False)


def _end_what_was_open(db: apsw.Connection, name: str, *, is_admin: bool) -> None:
    db.execute("DELETE FROM session WHERE operator = ?", (name,))
    if not is_admin:
        db.execute("DELETE FROM api_token WHERE made_by = ?", (name,))
