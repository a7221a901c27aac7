"""Which messages went to a number: blocks of ids, each in the order of its numbers.

An index on the messages themselves would touch another page for each message accepted. Maintenance writes
what was accepted some time ago: what is written together lies together, and a number is looked for once in
each block. An id is the millisecond of its acceptance and 12 bits, so a block is some hours.
"""

from __future__ import annotations

import asyncpg

from aldis.store.postgresql.engine.ranges import BLOCK_BITS
from aldis.store.postgresql.engine.texts import unescaped
from aldis.store.postgresql.reads.walking import part_below

#: messages of one part of a look at all
PART = 32_768

UP_TO = "SELECT coalesce((SELECT value FROM counter WHERE name = 'recipients_up_to'), 0)"
#: leaps from one block that has anything to the next
_FIND = """
WITH RECURSIVE part (block) AS (
    (SELECT block FROM message_recipient WHERE block <= $1 ORDER BY block DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT r.block FROM message_recipient r WHERE r.block < part.block AND r.block >= $2
            ORDER BY r.block DESC LIMIT 1)
    FROM part WHERE part.block IS NOT NULL
)
SELECT found.message_id FROM part CROSS JOIN LATERAL (
    SELECT r.message_id FROM message_recipient r
    WHERE r.block = part.block AND r.recipient = $3 AND r.message_id < $4 AND r.message_id >= $5
    ORDER BY r.message_id DESC
) found LIMIT $6
"""


async def up_to(db: asyncpg.Connection) -> int:
    """Tell which messages are written down: those with ids up to this, all of them."""
    return int(await db.fetchval(UP_TO))


async def find(db: asyncpg.Connection, number: str, bounds: tuple[int, int], limit: int) -> list[int]:
    """Give ids of messages to a number, newest first: those from `bounds[0]` and below `bounds[1]`."""
    begin, end = bounds
    rows = await db.fetch(_FIND, (end - 1) >> BLOCK_BITS, begin >> BLOCK_BITS, number, end, begin, limit)
    return [row[0] for row in rows]


async def of_messages(db: asyncpg.Connection, bounds: tuple[int, int]) -> tuple[list[tuple[str, str]], int]:
    """Give recipients and their countries of the newest messages of some ids, and where the next part ends:
    at `bounds[0]` at last.
    """
    low, _ = await part_below(db, "message", "message_id", bounds, PART)
    sql = "SELECT DISTINCT recipient, country FROM message WHERE message_id >= $1 AND message_id < $2"
    rows = await db.fetch(sql, low, bounds[1])
    return [(unescaped(recipient), country) for recipient, country in rows], low
