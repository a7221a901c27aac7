"""The audit log is written in the transaction of what it tells of."""

from __future__ import annotations

import asyncpg
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.postgresql.engine.operations import operation_on_each

_NOTE = """
INSERT INTO audit (at, actor, via, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)"""


@operation_on_each
async def note(db: asyncpg.Connection, entry: AuditEntry) -> None:
    """Remember what is being done in this transaction, or was done outside of the store."""
    await db.execute(_NOTE, *astuple(entry))
