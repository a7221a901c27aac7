"""The audit log is written in the transaction of what it tells of."""

from __future__ import annotations

import asyncpg
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.postgresql.engine.operations import operation
from aldis.store.postgresql.engine.texts import all_escaped

_NOTE = """
INSERT INTO audit (at, actor, via, action, subject, detail)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])"""


@operation()
async def note(db: asyncpg.Connection, items: list[AuditEntry]) -> list[None]:
    """Remember what is being done in this transaction, or was done outside of the store."""
    if items:
        instants, *texts = zip(*map(astuple, items), strict=True)
        await db.execute(_NOTE, instants, *map(all_escaped, texts))
    return [None] * len(items)
