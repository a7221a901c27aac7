"""What a link may claim: the messages that are due, most urgent first, and nobody has. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import asyncpg

from aldis.store.contract.ownership import Lease
from aldis.store.contract.sending import Share
from aldis.store.memory.sending import Found
from aldis.store.postgresql.engine.texts import unescaped
from aldis.store.postgresql.reads import leases
from aldis.store.postgresql.reads.watermark import START, Watermark, moved_on
from aldis.traffic.content import MMS, from_column
from aldis.traffic.message import ClaimedMessage
from aldis.traffic.slots import SLOTS
from aldis.traffic.states import State

PRIORITIES = (3, 2, 1, 0)

_WAITING_IN = """
(SELECT message_id, priority, due_at FROM queue
 WHERE link = $1 AND priority = {0} AND due_at <= $2 AND NOT is_marked
     AND (due_at, message_id) > (($4::bigint[])[{0} + 1], ($5::bigint[])[{0} + 1]){1}
 ORDER BY due_at, message_id LIMIT $3)"""
_WAITING = " UNION ALL ".join(_WAITING_IN.format(priority, "") for priority in PRIORITIES)
#: in some slots
_WAITING_FOR_US = " UNION ALL ".join(
    _WAITING_IN.format(priority, f" AND message_id % {SLOTS} = ANY ($6::integer[])")
    for priority in PRIORITIES
)
_CHOSEN = f"""
SELECT m.message_id, m.sender, m.recipient, m.coding, m.octets, m.segments, m.priority, q.attempts + 1,
       q.expires_at, q.doubts, CASE WHEN m.coding = {MMS} THEN m.parts ELSE '' END,
       CASE WHEN q.attempts > 0 OR q.doubts > 0 THEN ARRAY(
           SELECT number FROM segment s WHERE s.message_id = m.message_id ORDER BY number) END,
       NOT m.exempt AND EXISTS (
           SELECT 1 FROM opt_out o WHERE o.sender = m.sender AND o.msisdn = m.recipient)
FROM unnest($1::bigint[]) WITH ORDINALITY chosen (message_id, place)
    JOIN queue q USING (message_id) JOIN message m USING (message_id)
WHERE NOT q.is_marked AND q.expires_at > $2 ORDER BY chosen.place"""  # noqa: S608 - a number
_LINKS = "SELECT message_id, link FROM tracked WHERE message_id = ANY ($1::bigint[])"
_STATES = "SELECT message_id, state FROM tracked WHERE message_id = ANY ($1::bigint[])"


async def claim(
    db: asyncpg.Connection,
    held: Sequence[Lease],
    limit: int,
    share: Share,
    now: int,
    claimed: set[int],
    after: Watermark = START,
) -> tuple[Found, Watermark]:
    """Choose due messages behind a watermark that nobody has claimed; tells where it is then. Raises
    LeaseLost.
    """
    await leases.check(db, held)
    asked = (held[0].link, now, limit + len(claimed), *zip(*after, strict=True))
    if len(held) == SLOTS:
        rows = await db.fetch(_WAITING, *asked)
    else:
        rows = await db.fetch(_WAITING_FOR_US, *asked, [lease.slot for lease in held])
    waiting: dict[int, list[int]] = {priority: [] for priority in PRIORITIES}
    for message_id, priority, _ in rows:
        if message_id not in claimed and len(waiting[priority]) < limit:
            waiting[priority].append(message_id)
    shares = share({priority: len(ids) for priority, ids in waiting.items()}, limit)
    chosen = [message_id for priority in PRIORITIES for message_id in waiting[priority][: shares[priority]]]
    reached = moved_on(after, map(tuple, rows), claimed.union(chosen), now) if len(chosen) == limit else START
    return await _read(db, chosen, now), reached


async def claim_these(
    db: asyncpg.Connection, held: Sequence[Lease], chosen: Sequence[int], now: int
) -> Found:
    """Read messages that were chosen. Raises LeaseLost."""
    await leases.check(db, held)
    return await _read(db, chosen, now)


async def _read(db: asyncpg.Connection, chosen: Sequence[int], now: int) -> Found:
    if not chosen:
        return Found([], (), 0)
    rows = await db.fetch(_CHOSEN, chosen, now)
    messages = [_claimed(row) for row in rows if not row[-1]]
    return Found(messages, tuple(row[0] for row in rows if row[-1]), len(chosen))


def _claimed(row: asyncpg.Record) -> ClaimedMessage:
    message_id, sender, recipient, coding, octets, segments, *more = row
    priority, attempts, expires_at, doubts, parts, taken, _ = more
    return ClaimedMessage(
        message_id,
        unescaped(sender),
        unescaped(recipient),
        coding,
        octets,
        segments,
        priority,
        attempts,
        expires_at,
        tuple(taken or ()),
        from_column(parts) if parts else (),
        doubts,
    )


async def links_of(db: asyncpg.Connection, message_ids: Collection[int]) -> Mapping[int, str]:
    """Tell whose messages are; those that are not known are left out."""
    return {message_id: link for message_id, link in await db.fetch(_LINKS, list(message_ids))}  # noqa: C416 - rows


async def states_of(db: asyncpg.Connection, message_ids: Sequence[int]) -> Mapping[int, State]:
    """Tell where messages are; those that are not known are left out."""
    return {message_id: State(state) for message_id, state in await db.fetch(_STATES, message_ids)}
