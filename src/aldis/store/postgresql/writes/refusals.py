"""The write of refused requests."""

from __future__ import annotations

import asyncpg
from msgspec.structs import astuple

from aldis.store.contract.refusals import KeptRefusals
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import escaped
from aldis.traffic.refused import RefusedRequest

COLUMNS = ", ".join(RefusedRequest.__struct_fields__)
_KEEP = f"""
INSERT INTO refused_request ({COLUMNS})
VALUES ({", ".join(f"${number}" for number, _ in enumerate(RefusedRequest.__struct_fields__, 1))})
"""  # noqa: S608 - the columns are a constant
#: more than an account may have
_FORGET_OF_ACCOUNT = """
DELETE FROM refused_request WHERE account = $1 AND refusal_id <= (
    SELECT refusal_id FROM refused_request WHERE account = $1 ORDER BY refusal_id DESC LIMIT 1 OFFSET $2)
"""
_FORGET = """
DELETE FROM refused_request WHERE at < $1 OR refusal_id <= (
    SELECT refusal_id FROM refused_request ORDER BY refusal_id DESC LIMIT 1 OFFSET $2)
"""


@operation_on_each
async def keep(db: asyncpg.Connection, item: KeptRefusals) -> None:
    """Keep them, and forget the oldest of those that are too many."""
    rows = [
        tuple(escaped(fact) if isinstance(fact, str) else fact for fact in astuple(each))
        for each in item.found
    ]
    await db.executemany(_KEEP, rows)
    for account in sorted({each.account for each in item.found}):
        await db.execute(_FORGET_OF_ACCOUNT, escaped(account), item.an_account)
    await db.execute(_FORGET, item.since, item.in_all)
