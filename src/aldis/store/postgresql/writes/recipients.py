"""Writes down which messages went to a number, in blocks of ids; `reads/recipients.py` says why.

Whoever accepts a message whose id is not above the bound writes it down by itself. So the bound is raised
first, and what is up to it is written down once all have ended that may not have seen it.
"""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.ranges import BLOCK_BITS
from aldis.store.postgresql.reads.recipients import up_to

#: counters: up to which id all is written down; up to which it will be; the transaction that said so
UP_TO, BOUND, BOUND_BY = "recipients_up_to", "recipients_bound", "recipients_bound_by"


class Filing(msgspec.Struct, frozen=True):
    """How many messages to go on by at most, and how many of the newest ids to leave."""

    limit: int
    open_ids: int


_COUNTERS = "SELECT name, value FROM counter WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE"
_NEXT = """
SELECT count(*), max(message_id) FROM (
    SELECT message_id FROM message
    WHERE message_id > $1 AND message_id <= (SELECT max(message_id) FROM message) - $2::bigint
    ORDER BY message_id LIMIT $3) following
"""
_LAST = "SELECT coalesce(max(message_id), 0) - $1::bigint FROM message"
_SET = """
INSERT INTO counter (name, value) SELECT * FROM unnest($1::text[], $2::bigint[]) ORDER BY 1
ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value
"""
_ALL_HAVE_SEEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $1"
_FILE = f"""
INSERT INTO message_recipient (block, recipient, message_id)
SELECT message_id >> {BLOCK_BITS}, recipient, message_id FROM message
WHERE message_id > $1 AND message_id <= $2 ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
"""  # noqa: S608 - a number


@operation_on_each
async def raise_bound(db: asyncpg.Connection, item: Filing) -> None:
    """Say up to which id messages will be written down next."""
    done = await up_to(db)
    bounds = dict(map(tuple, await db.fetch(_COUNTERS, [BOUND])))
    ((count, last),) = await db.fetch(_NEXT, done, item.open_ids, item.limit)
    if not count or bounds.get(BOUND, 0) > done:
        return
    bound = last if count == item.limit else await db.fetchval(_LAST, item.open_ids)
    own = await db.fetchval("SELECT pg_current_xact_id()::text::bigint")
    await db.execute(_SET, [BOUND, BOUND_BY], [bound, own])


@operation_on_each
async def file(db: asyncpg.Connection, _item: Filing) -> int:
    """Write down what is up to the bound, if all have ended that may not have seen it; returns how many ids
    that were.
    """
    found = dict(map(tuple, await db.fetch(_COUNTERS, [UP_TO, BOUND, BOUND_BY])))
    done, bound = found.get(UP_TO, 0), found.get(BOUND, 0)
    if bound <= done or not await db.fetchval(_ALL_HAVE_SEEN, found[BOUND_BY]):
        return 0
    await db.execute(_FILE, done, bound)
    await db.execute(_SET, [UP_TO], [bound])
    return int(bound - done)
