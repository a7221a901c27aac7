"""Implements `OperatorStore` and `AuditStore`."""

from __future__ import annotations

import apsw

from aldis.accounts.staff import ApiToken, AuditEntry, Operator, Role, Session
from aldis.store.contract.operators import OperatorChange
from aldis.store.sqlite.engine.rows import every, first
from aldis.store.sqlite.stores.connections import Connections, in_a_thread
from aldis.store.sqlite.writes import auditing, operators

#: that are listed
MOST_SESSIONS = 1000
_SESSION = "digest, operator, started_at, expires_at, address"
_OPERATOR = "o.name, o.role, o.password_hash, o.created_at"
_TOKEN = "name, digest, visible, role, created_at, until, made_by"  # noqa: S105 - columns


class SqliteOperators(Connections):
    """Few rows, read on the loop."""

    async def all(self) -> list[Operator]:
        rows = every(self.reader, f"SELECT {_OPERATOR} FROM operator o ORDER BY name")  # noqa: S608
        return [_operator(row) for row in rows]

    async def signed_in(self, digest: str, now: int) -> Operator | None:
        sql = f"""SELECT {_OPERATOR} FROM session s JOIN operator o ON o.name = s.operator
                  WHERE s.digest = ? AND s.expires_at > ?"""  # noqa: S608
        row = first(self.reader, sql, (digest, now))
        return None if row is None else _operator(row)

    async def sessions(self, now: int) -> list[Session]:
        sql = f"""SELECT {_SESSION} FROM session WHERE expires_at > ?
                  ORDER BY operator, started_at DESC LIMIT {MOST_SESSIONS}"""  # noqa: S608
        return [Session(*row) for row in every(self.reader, sql, (now,))]

    async def tokens(self) -> list[ApiToken]:
        return [_token(row) for row in every(self.reader, f"SELECT {_TOKEN} FROM api_token ORDER BY name")]  # noqa: S608

    async def token(self, digest: str, now: int) -> ApiToken | None:
        sql = f"SELECT {_TOKEN} FROM api_token WHERE digest = ? AND (until = 0 OR until > ?)"  # noqa: S608
        row = first(self.reader, sql, (digest, now))
        return None if row is None else _token(row)

    async def change(self, change: OperatorChange, entry: AuditEntry | None) -> bool:
        return await self.writer.call(operators.carry_out, (change, entry))


def _operator(row: tuple[str, int, str, int]) -> Operator:
    name, role, password_hash, created_at = row
    return Operator(name, Role(role), password_hash, created_at)


def _token(row: tuple[str, str, str, int, int, int, str]) -> ApiToken:
    name, digest, visible, role, created_at, until, made_by = row
    return ApiToken(name, digest, visible, Role(role), created_at, until, made_by)


def _log(db: apsw.Connection, before: int, limit: int, subject: str = "") -> list[tuple[int, AuditEntry]]:
    """Give entries below a number, newest first."""
    where, bindings = "entry_id < ?", [before or 2**62]
    about: list[object] = []
    if subject:
        where += " AND subject = ?"
        about = [subject]
    sql = f"SELECT entry_id, {auditing.COLUMNS} FROM audit WHERE {where} ORDER BY entry_id DESC LIMIT ?"  # noqa: S608
    return [(number, AuditEntry(*rest)) for number, *rest in every(db, sql, (*bindings, *about, limit))]


class SqliteAudit(Connections):
    """Lists on the operators' scans."""

    log = in_a_thread(_log)

    async def note(self, entry: AuditEntry) -> None:
        await self.writer.call(auditing.note, entry)
