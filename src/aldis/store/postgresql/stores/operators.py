"""Implements `OperatorStore` and `AuditStore`."""

from __future__ import annotations

import asyncpg

from aldis.accounts.staff import ApiToken, AuditEntry, Operator, Role, Session
from aldis.store.contract.operators import OperatorChange
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import auditing, operators

#: that are listed
MOST_SESSIONS = 1000
_OPERATOR = "o.name, o.role, o.password_hash, o.created_at"
_ALL = f"SELECT {_OPERATOR} FROM operator o ORDER BY name"  # noqa: S608 - columns
_SIGNED_IN = f"""
SELECT {_OPERATOR} FROM session s JOIN operator o ON o.name = s.operator
WHERE s.digest = $1 AND s.expires_at > $2"""  # noqa: S608 - columns
_SESSIONS = f"""
SELECT digest, operator, started_at, expires_at, address FROM session WHERE expires_at > $1
ORDER BY operator, started_at DESC LIMIT {MOST_SESSIONS}"""  # noqa: S608 - a constant
_TOKEN = "name, digest, visible, role, created_at, until, made_by"  # noqa: S105 - columns
_TOKENS = f"SELECT {_TOKEN} FROM api_token ORDER BY name"  # noqa: S608 - columns
_BY_DIGEST = f"""
SELECT {_TOKEN} FROM api_token WHERE digest = $1 AND (until = 0 OR until > $2)"""  # noqa: S608 - columns
_ENTRY = "entry_id, at, actor, via, action, subject, detail"
_LOG = f"SELECT {_ENTRY} FROM audit WHERE entry_id < $1 ORDER BY entry_id DESC LIMIT $2"  # noqa: S608
_LOG_ABOUT = f"""
SELECT {_ENTRY} FROM audit WHERE subject = $1 AND entry_id < $2
ORDER BY entry_id DESC LIMIT $3"""  # noqa: S608 - columns


async def _all(db: asyncpg.Connection) -> list[Operator]:
    return [_operator(row) for row in await db.fetch(_ALL)]


async def _signed_in(db: asyncpg.Connection, digest: str, now: int) -> Operator | None:
    row = await db.fetchrow(_SIGNED_IN, digest, now)
    return None if row is None else _operator(row)


async def _sessions(db: asyncpg.Connection, now: int) -> list[Session]:
    return [Session(*row) for row in await db.fetch(_SESSIONS, now)]


async def _tokens(db: asyncpg.Connection) -> list[ApiToken]:
    return [_token(row) for row in await db.fetch(_TOKENS)]


async def _by_digest(db: asyncpg.Connection, digest: str, now: int) -> ApiToken | None:
    row = await db.fetchrow(_BY_DIGEST, digest, now)
    return None if row is None else _token(row)


def _operator(row: asyncpg.Record) -> Operator:
    name, role, password_hash, created_at = row
    return Operator(name, Role(role), password_hash, created_at)


def _token(row: asyncpg.Record) -> ApiToken:
    name, digest, visible, role, created_at, until, made_by = row
    return ApiToken(name, digest, visible, Role(role), created_at, until, made_by)


class PostgresqlOperators(Connections):
    """Few rows."""

    all = from_pool(_all)
    signed_in = from_pool(_signed_in)
    sessions = from_pool(_sessions)
    tokens = from_pool(_tokens)
    token = from_pool(_by_digest)

    async def change(self, change: OperatorChange, entry: AuditEntry | None) -> bool:
        return await self.writer.call(operators.carry_out, (change, entry))


async def _log(
    db: asyncpg.Connection, before: int, limit: int, subject: str = ""
) -> list[tuple[int, AuditEntry]]:
    below = before or 2**62
    if subject:
        rows = await db.fetch(_LOG_ABOUT, escaped(subject), below, limit)
    else:
        rows = await db.fetch(_LOG, below, limit)
    return [(number, AuditEntry(at, *map(unescaped, texts))) for number, at, *texts in rows]


class PostgresqlAudit(Connections):
    """Rows of `audit`."""

    log = from_pool(_log)

    async def note(self, entry: AuditEntry) -> None:
        await self.writer.call(auditing.note, entry)
