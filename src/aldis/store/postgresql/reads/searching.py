"""Finds messages by anything, newest first, a page at a time, and sums them up.

A number, a reference, an id and what is under way have indexes. All else is found by walking
(`walking.py`); a page that has walked over enough says how far it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from aldis.store.contract.search import EVER, FoundMessage, Grouping, MessageFilter, MessagePage
from aldis.store.postgresql.engine.texts import unescaped
from aldis.store.postgresql.reads import recipients
from aldis.store.postgresql.reads.conditions import Where, conditions
from aldis.store.postgresql.reads.facts import MESSAGE_FACTS, message_facts
from aldis.store.postgresql.reads.queries import USED, first_from
from aldis.store.postgresql.reads.walking import WalkedTable, part_below, walk
from aldis.store.rules.sums import DAY_MS, Part
from aldis.traffic.states import ENDED, State

#: messages of a number, or under way, that one page looks at
CANDIDATES = 5_000
#: as many as these are under way, at most, where they are asked for by their index
MOST_UNDER_WAY = 20_000
#: an id was taken so long before its message was accepted, at most: ten seconds of ids
SPREAD_IDS = 10_000 << 12

_UNDER_WAY = frozenset((State.QUEUED, State.SENDING, State.SENT))
_SELECT = f"SELECT m.label, {MESSAGE_FACTS} FROM tracked m"  # noqa: S608 - the columns are a constant
_SOURCE = WalkedTable("message", "message_id", _SELECT)
_ALL_UNDER_WAY = """
SELECT message_id FROM (SELECT message_id FROM queue UNION ALL SELECT message_id FROM sent) each LIMIT $1
"""


async def search(db: asyncpg.Connection, wanted: MessageFilter, before: int, limit: int) -> MessagePage:
    """Find up to `limit` messages with ids below `before` (0: from the newest)."""
    before = before or EVER
    if wanted.message_id:
        return MessagePage(_found(await _of(db, [wanted.message_id], wanted, before, 1)), 0)
    if wanted.reference:
        return await _by_reference(db, wanted, before, limit)
    begin, end = await id_bounds(db, wanted)
    end = min(end, before)
    if wanted.number:
        return await _by_number(db, wanted, (begin, end), limit)
    if wanted.states and _UNDER_WAY.issuperset(wanted.states):
        ids = [row[0] for row in await db.fetch(_ALL_UNDER_WAY, MOST_UNDER_WAY + 1)]
        if len(ids) <= MOST_UNDER_WAY:
            rows = await _of(db, [each for each in ids if begin <= each < end], wanted, end, limit)
            return MessagePage(_found(rows), rows[-1][1] if len(rows) == limit else 0)
    return await _walk(db, wanted, (begin, end), limit)


def _where(wanted: MessageFilter, numbered_from: int) -> Where:
    """Write what a filter asks of a row."""
    asked: dict[str, object] = {
        "m.message_id = {}": wanted.message_id,
        "m.reference = {}": wanted.reference,
        "m.recipient = {}": wanted.number,
        "m.sender = {}": wanted.sender,
        "m.account_id = {}": wanted.account_id,
        "m.dialect = {}": wanted.dialect,
        "m.link = {}": wanted.link,
        "m.label = {}": wanted.label,
        "m.country = {}": wanted.country,
        "m.state = ANY({}::text[])": [state.value for state in wanted.states],
        "m.accepted_at >= {}": wanted.since,
        "m.accepted_at < {}": wanted.until if wanted.until < EVER else 0,
    }
    return conditions(asked, numbered_from)


async def id_bounds(db: asyncpg.Connection, wanted: MessageFilter) -> tuple[int, int]:
    """Give ids between which all messages of a filter's time lie: from the first, below the second."""
    begin = max(0, await first_from(db, wanted.since) - SPREAD_IDS) if wanted.since else 0
    end = await first_from(db, wanted.until) + SPREAD_IDS if wanted.until < EVER else EVER
    return begin, end


async def _by_reference(
    db: asyncpg.Connection, wanted: MessageFilter, before: int, limit: int
) -> MessagePage:
    where = _where(wanted, 3)
    # said once more for the partial index, which a parameter does not name
    sql = f"""{_SELECT} WHERE m.reference <> '' AND m.message_id < $1{where.sql}
              ORDER BY m.message_id DESC LIMIT $2"""
    rows = await db.fetch(sql, before, limit, *where.bindings)
    return MessagePage(_found(rows), rows[-1][1] if len(rows) == limit else 0)


async def _by_number(
    db: asyncpg.Connection, wanted: MessageFilter, bounds: tuple[int, int], limit: int
) -> MessagePage:
    """Walk over what is not written down yet, then look into the blocks."""
    begin, end = bounds
    written = await recipients.up_to(db) + 1
    newest = MessagePage((), 0)
    if end > written:
        newest = await _walk(db, wanted, (max(begin, written), end), limit)
        if newest.next_before:
            return newest
    left, end = limit - len(newest.found), min(end, written)
    ids = await recipients.find(db, wanted.number, (begin, end), CANDIDATES)
    rows = await _of(db, ids, wanted, end, left)
    if len(rows) == left:
        following = rows[-1][1] if rows else written
    else:
        following = ids[-1] if len(ids) == CANDIDATES else 0
    stopped = bool(following) and len(rows) < left
    looked_back_to = await _accepted_at(db, following) if stopped else 0
    return MessagePage(newest.found + _found(rows), following, looked_back_to)


async def _of(
    db: asyncpg.Connection, ids: Sequence[int], wanted: MessageFilter, before: int, limit: int
) -> Sequence[asyncpg.Record]:
    if not ids or not limit:
        return []
    where = _where(wanted, 4)
    sql = f"""{_SELECT} WHERE m.message_id = ANY($1::bigint[]) AND m.message_id < $2{where.sql}
              ORDER BY m.message_id DESC LIMIT $3"""
    found: Sequence[asyncpg.Record] = await db.fetch(sql, ids, before, limit, *where.bindings)
    return found


async def _walk(
    db: asyncpg.Connection, wanted: MessageFilter, bounds: tuple[int, int], limit: int
) -> MessagePage:
    rows, reached = await walk(db, _SOURCE, _where(wanted, 4), bounds, limit)
    if len(rows) == limit:
        return MessagePage(_found(rows), rows[-1][1])
    return MessagePage(_found(rows), reached, await _accepted_at(db, reached) if reached else 0)


async def _accepted_at(db: asyncpg.Connection, message_id: int) -> int:
    sql = "SELECT accepted_at FROM message WHERE message_id >= $1 ORDER BY message_id LIMIT 1"
    return int(await db.fetchval(sql, message_id) or 0)


def _found(rows: Sequence[asyncpg.Record]) -> tuple[FoundMessage, ...]:
    """Give the messages of a page in the order of time."""
    found = [FoundMessage(message_facts(row[1:]), unescaped(row[0])) for row in rows]
    return tuple(
        sorted(found, key=lambda each: (each.message.accepted_at, each.message.message_id), reverse=True)
    )


#: messages of one part, for which another look waits
PART = 16_384

_KEYS = {
    Grouping.DAY: f"m.accepted_at / {DAY_MS}",
    Grouping.ACCOUNT: "m.account_id",
    Grouping.SENDER: "m.sender",
    Grouping.COUNTRY: "m.country",
    Grouping.LINK: "m.link",
    Grouping.LABEL: "m.label",
}
_FAILED = ", ".join(f"'{state.value}'" for state in sorted(ENDED - {State.DELIVERED}))


async def sum_part(
    db: asyncpg.Connection, wanted: MessageFilter, by: Grouping, bounds: tuple[int, int]
) -> tuple[Part, int]:
    """Sum up the newest messages of some ids, and give where the next part ends: at `bounds[0]` at last."""
    low, _ = await part_below(db, "message", "message_id", bounds, PART)
    where, key = _where(wanted, 3), _KEYS[by]
    sql = f"""
        SELECT {key}, m.account_id, count(*), count(*) FILTER (WHERE m.state = '{State.DELIVERED.value}'),
               count(*) FILTER (WHERE m.state IN ({_FAILED})), sum(m.segments)::bigint,
               sum(m.price_micros * {USED})::bigint
        FROM tracked m WHERE m.message_id >= $1 AND m.message_id < $2{where.sql} GROUP BY 1, 2
    """  # noqa: S608 - constants
    rows = await db.fetch(sql, low, bounds[1], *where.bindings)
    return [_group(row[:]) for row in rows], low


def _group(row: tuple[Any, ...]) -> tuple[str | int, int, int, int, int, int, int]:
    key, *rest = row
    return (unescaped(key) if isinstance(key, str) else key, *rest)
