"""The writes about those who operate the gateway."""

from __future__ import annotations

import asyncpg
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
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.writes import auditing

#: one change after the other: two admins that remove each other would leave none
_LOCK = "LOCK TABLE operator IN SHARE ROW EXCLUSIVE MODE"
_PUT = """
INSERT INTO operator (name, role, password_hash, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE
SET role = EXCLUDED.role, password_hash = EXCLUDED.password_hash, created_at = EXCLUDED.created_at"""
_START = """
INSERT INTO session (digest, operator, started_at, expires_at, address) VALUES ($1, $2, $3, $4, $5)"""
_ADD_KEY = """
INSERT INTO api_token (name, digest, visible, role, created_at, until, made_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""


@operation_on_each
async def carry_out(db: asyncpg.Connection, item: tuple[OperatorChange, AuditEntry | None]) -> bool:
    """Carry out a change, and remember it if it changed something."""
    change, entry = item
    changed = await _carry_out(db, change)
    if changed and entry is not None:
        await auditing.note(db, [entry])
    return changed


async def _carry_out(db: asyncpg.Connection, change: OperatorChange) -> bool:
    match change:
        case PutOperator() | ChangeRole() | ChangePassword() | RemoveOperator():
            return await _change_operator(db, change)
        case StartSession(session):
            await db.execute("DELETE FROM session WHERE expires_at <= $1", session.started_at)
            return await _has_changed(db, _START, *astuple(session))
        case EndSession(digest):
            return await _has_changed(db, "DELETE FROM session WHERE digest = $1", digest)
        case PutToken(token):
            return await _has_changed(db, _ADD_KEY, *astuple(token))
        case RemoveToken(name):
            return await _has_changed(db, "DELETE FROM api_token WHERE name = $1", escaped(name))


async def _change_operator(
    db: asyncpg.Connection, change: PutOperator | ChangeRole | ChangePassword | RemoveOperator
) -> bool:
    await db.execute(_LOCK)
    match change:
        case PutOperator(Operator(name, role)) | ChangeRole(name, role):
            is_admin = role is Role.ADMIN
        case ChangePassword(name):
            is_admin = True
        case RemoveOperator(name):
            is_admin = False
    if not is_admin and await _is_last_admin(db, name):
        return False
    match change:
        case PutOperator(operator):
            changed = await _has_changed(db, _PUT, *astuple(operator))
        case ChangeRole(name, role):
            changed = await _has_changed(db, "UPDATE operator SET role = $1 WHERE name = $2", role, name)
        case ChangePassword(name, password_hash):
            sql = "UPDATE operator SET password_hash = $1 WHERE name = $2"
            changed = await _has_changed(db, sql, password_hash, name)
        case RemoveOperator(name):
            changed = await _has_changed(db, "DELETE FROM operator WHERE name = $1", name)
    if changed:
        await _end_what_was_open(db, name, is_admin=is_admin)
    return changed


async def _is_last_admin(db: asyncpg.Connection, name: str) -> bool:
    admins = await db.fetch("SELECT name FROM operator WHERE role = $1", Role.ADMIN)
    return [row[0] for row in admins] == [name]


async def _end_what_was_open(db: asyncpg.Connection, name: str, *, is_admin: bool) -> None:
    await db.execute("DELETE FROM session WHERE operator = $1", name)
    if not is_admin:
        await db.execute("DELETE FROM api_token WHERE made_by = $1", name)


async def _has_changed(db: asyncpg.Connection, sql: str, *bindings: object) -> bool:
    """Run a statement; tells whether it has changed a row."""
    return not (await db.execute(sql, *bindings)).endswith(" 0")
