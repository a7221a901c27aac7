"""Implements `SearchStore`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg

from aldis.store.contract.search import (
    MOST_AHEAD,
    NAMED_FREELY,
    Ahead,
    Grouping,
    MessageFilter,
    MessageView,
    Sum,
)
from aldis.store.postgresql.reads import inbound, postback_listing, recipients, searching
from aldis.store.postgresql.reads.facts import MESSAGE_FACTS, message_facts, unescaped_row
from aldis.store.postgresql.reads.poison import set_aside_of
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.rules.sums import Total
from aldis.traffic.content import from_column
from aldis.traffic.message import NewMessage, SegmentFacts

_ACCEPTED = ", ".join(f"m.{name}" for name in NewMessage.__struct_fields__)
_FACTS_COUNT = MESSAGE_FACTS.count(",") + 1
_MESSAGE = f"SELECT {MESSAGE_FACTS}, {_ACCEPTED}, m.doubts FROM tracked m WHERE m.message_id = $1"  # noqa: S608 - constants
_SEGMENTS = """
SELECT number, smsc_message_id, submitted_at, state, error_code, receipt_at FROM segment
WHERE message_id = $1 ORDER BY number
"""
_AHEAD = """
SELECT (SELECT count(*) FROM (SELECT FROM queue WHERE NOT is_marked AND link = $1 AND priority > $2
                              AND due_at <= $3 LIMIT $5) urgent),
       (SELECT count(*) FROM (SELECT FROM queue WHERE NOT is_marked AND link = $1 AND priority = $2
                              AND due_at < $4 LIMIT $5) earlier)
"""


async def _view(db: asyncpg.Connection, message_id: int) -> MessageView | None:
    """Gather all that hangs on a message."""
    row = await db.fetchrow(_MESSAGE, message_id)
    if row is None:
        return None
    *columns, doubts = row[_FACTS_COUNT:]
    accepted = NewMessage(*unescaped_row(columns))
    postbacks = await postback_listing.of_message(db, message_id)
    segments = await db.fetch(_SEGMENTS, message_id)
    return MessageView(
        message_facts(row[:_FACTS_COUNT]),
        accepted,
        tuple(SegmentFacts(*unescaped_row(segment[:])) for segment in segments),
        postbacks,
        await postback_listing.tries(db, [each.postback_id for each in postbacks]),
        from_column(accepted.parts),
        doubts,
        await set_aside_of(db, message_id),
    )


async def _ahead(db: asyncpg.Connection, link: str, priority: int, due_at: int, now: int) -> Ahead:
    """Count from the claim index."""
    return Ahead(*await db.fetchrow(_AHEAD, link, priority, now, min(due_at, now + 1), MOST_AHEAD) or ())


class PostgresqlSearch(Connections):
    """Operators must keep neither the gateway nor customers waiting, so the pool is their own."""

    messages = from_pool(searching.search)
    message = from_pool(_view)
    ahead = from_pool(_ahead)
    inbound = from_pool(inbound.search)

    async def recipients(self, since: int) -> AsyncIterator[list[tuple[str, str]]]:
        begin, below = await self.reads.ask(searching.id_bounds, MessageFilter(since=since))
        while below > begin:
            part, below = await self.reads.ask(recipients.of_messages, (begin, below))
            if part:
                yield part

    async def sums(self, wanted: MessageFilter, by: Grouping, most: int) -> list[Sum]:
        begin, below = await self.reads.ask(searching.id_bounds, wanted)
        total = Total(most if by in NAMED_FREELY else None)
        while below > begin:
            part, below = await self.reads.ask(searching.sum_part, wanted, by, (begin, below))
            total.add(part)
        return total.sums()
