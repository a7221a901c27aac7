"""The write of what a minute was like."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import escaped


class Minute(msgspec.Struct, frozen=True):
    """What a minute was like for a gateway."""

    at: int
    node: str
    sample: bytes
    purge_before: int


_KEEP = """
INSERT INTO minute (at, node, sample) VALUES ($1, $2, $3)
ON CONFLICT (at, node) DO UPDATE SET sample = EXCLUDED.sample
"""


@operation_on_each
async def keep_minute(db: asyncpg.Connection, item: Minute) -> None:
    """Keep a minute."""
    await db.execute(_KEEP, item.at, escaped(item.node), item.sample)
    await db.execute("DELETE FROM minute WHERE at < $1", item.purge_before)
