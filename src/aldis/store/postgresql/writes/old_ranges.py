"""What a range of old ids has in tables that are not divided, which goes before the range does."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import operation_on_each


class Beside(msgspec.Struct, frozen=True):
    """Which messages to look at: those from an id on and below another, up to so many."""

    begin: int
    end: int
    limit: int


_FORGET = """
WITH old AS (
    SELECT message_id, account_id, duplicate_scope, reference FROM message
    WHERE message_id >= $1 AND message_id < $2 ORDER BY message_id LIMIT $3
), keys AS (
    DELETE FROM duplicate_key k USING old o WHERE o.duplicate_scope <> '' AND k.account_id = o.account_id
        AND k.scope = o.duplicate_scope AND k.reference = o.reference AND k.message_id = o.message_id
), tries AS (
    DELETE FROM postback_try y USING old o, told t
    WHERE t.message_id = o.message_id AND y.postback_id = t.postback_id
), late AS (
    DELETE FROM late_answer l USING old o WHERE l.message_id = o.message_id
), aside AS (
    DELETE FROM poison_message p USING old o WHERE p.message_id = o.message_id
), content AS (
    DELETE FROM content_use c USING old o WHERE c.message_id = o.message_id
)
SELECT count(*), coalesce(max(message_id), 0) FROM old
"""


@operation_on_each
async def forget_beside(db: asyncpg.Connection, item: Beside) -> tuple[int, int]:
    """Forget it of the next messages; tells how many these were, and which is the last."""
    ((count, last),) = await db.fetch(_FORGET, item.begin, item.end, item.limit)
    return count, last
