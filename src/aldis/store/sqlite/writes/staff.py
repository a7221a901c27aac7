"""The reads and writes about those who operate the house."""

from __future__ import annotations

import apsw
import msgspec
from msgspec.structs import astuple

from aldis.accounts.staff import ApiToken, AuditEntry, Operator, Role
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.read_pool import Scans
from aldis.store.sqlite.engine.rows import every, first
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.writes import auditing
from aldis.store.staff import (
    EndSession,
    Note,
    PutOperator,
    PutToken,
    RemoveOperator,
    RemoveToken,
    StaffChange,
    StartSession,
)

_OPERATOR = "o.name, o.role, o.password_hash, o.created_at"
_TOKEN = "name, digest, visible, role, created_at, until"  # noqa: S105 - columns


class Change(msgspec.Struct, frozen=True):
    """A change and what is to be remembered of it."""

    change: StaffChange
    entry: AuditEntry | None


class SqliteStaff:
    """`aldis.store.staff.StaffStore` over the store's writer and a reader of its own."""

    def __init__(self, writer: Writer, reader: apsw.Connection, scans: Scans) -> None:
        self._writer = writer
        self._reader = reader
        self._scans = scans

    async def operators(self) -> list[Operator]:
        """See `StaffStore.operators`."""
        rows = every(self._reader, f"SELECT {_OPERATOR} FROM operator o ORDER BY name")  # noqa: S608
        return [_operator(row) for row in rows]

    async def signed_in(self, digest: str, now: int) -> Operator | None:
        """See `StaffStore.signed_in`."""
        sql = f"""SELECT {_OPERATOR} FROM session s JOIN operator o ON o.name = s.operator
                  WHERE s.digest = ? AND s.expires_at > ?"""  # noqa: S608
        row = first(self._reader, sql, (digest, now))
        return None if row is None else _operator(row)

    async def tokens(self) -> list[ApiToken]:
        """See `StaffStore.tokens`."""
        return [_token(row) for row in every(self._reader, f"SELECT {_TOKEN} FROM api_token ORDER BY name")]  # noqa: S608

    async def token(self, digest: str, now: int) -> ApiToken | None:
        """See `StaffStore.token`."""
        sql = f"SELECT {_TOKEN} FROM api_token WHERE digest = ? AND (until = 0 OR until > ?)"  # noqa: S608
        row = first(self._reader, sql, (digest, now))
        return None if row is None else _token(row)

    async def change_staff(self, change: StaffChange, entry: AuditEntry | None) -> bool:
        """See `StaffStore.change_staff`."""
        return await self._writer.call(carry_out, Change(change, entry))

    async def note(self, entry: AuditEntry) -> None:
        """See `StaffStore.note`."""
        await self._writer.call(carry_out, Change(Note(), entry))

    async def audit_log(self, before: int, limit: int, subject: str = "") -> list[tuple[int, AuditEntry]]:
        """See `StaffStore.audit_log`."""
        return await self._scans.ask(auditing.log, before, limit, subject)


@operation()
def carry_out(db: apsw.Connection, items: list[Change]) -> list[bool]:
    """Carry out changes, and remember those that changed something."""
    return [_carry_out(db, item) for item in items]


def _carry_out(db: apsw.Connection, item: Change) -> bool:
    before = db.total_changes()
    match item.change:
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
        case Note():
            if item.entry is not None:
                auditing.write(db, item.entry)
            return True
    changed = db.total_changes() > before
    if changed and item.entry is not None:
        auditing.write(db, item.entry)
    return changed


def _operator(row: tuple[str, int, str, int]) -> Operator:
    name, role, password_hash, created_at = row
    return Operator(name, Role(role), password_hash, created_at)


def _token(row: tuple[str, str, str, int, int, int]) -> ApiToken:
    name, digest, visible, role, created_at, until = row
    return ApiToken(name, digest, visible, Role(role), created_at, until)
