"""What a range of old ids has in tables that are not divided, which goes before the range does."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.writes.maintenance import BESIDE


class Beside(msgspec.Struct, frozen=True):
    """Which messages to look at: those from an id on and below another, up to so many."""

    begin: int
    end: int
    limit: int


_FORGET = f"""
WITH old AS (
    SELECT message_id, account_id, duplicate_scope, reference FROM message
    WHERE message_id >= $1 AND message_id < $2 ORDER BY message_id LIMIT $3
), {BESIDE}, tries AS (
    DELETE FROM postback_try y USING old o, told t
    WHERE t.message_id = o.message_id AND y.postback_id = t.postback_id
)
SELECT count(*), coalesce(max(message_id), 0) FROM old
"""  # noqa: S608 - a constant


@operation_on_each
async def forget_beside(db: asyncpg.Connection, item: Beside) -> tuple[int, int]:
    """Forget it of the next messages; tells how many these were, and which is the last."""
    ((count, last),) = await db.fetch(_FORGET, item.begin, item.end, item.limit)
    return count, last
