"""Finds messages by anything, newest first, a page at a time, and sums them up.

A number, a reference, an id and what is under way have indexes. All else is found by walking
(`walking.py`); a page that has walked over enough says how far it came.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import apsw

from aldis.store.contract.search import EVER, FoundMessage, Grouping, MessageFilter, MessagePage
from aldis.store.rules.sums import DAY_MS, Part
from aldis.store.sqlite.engine.rows import (
    MESSAGE_FACTS,
    as_json,
    conditions,
    every,
    first,
    message_facts,
    one,
    whole,
)
from aldis.store.sqlite.reads import recipients
from aldis.store.sqlite.reads.queries import USED, first_from
from aldis.store.sqlite.reads.walking import WalkedTable, walk
from aldis.traffic.states import ENDED, State

#: messages of a number, or under way, that one page looks at
CANDIDATES = 5_000
#: as many as these are under way, at most, where they are asked for by their index
MOST_UNDER_WAY = 20_000
#: ids are handed out in blocks to several takers, so that near a time they lie this far apart at most
SPREAD_IDS = 20_480

_UNDER_WAY = frozenset((State.QUEUED, State.SENDING, State.SENT))
_SELECT = f"SELECT m.label, {MESSAGE_FACTS} FROM message m"  # noqa: S608 - the columns are a constant
_SOURCE = WalkedTable("message", "message_id", _SELECT)


class _Where(NamedTuple):
    """What must hold of a message."""

    sql: str
    bindings: tuple[object, ...]


def search(db: apsw.Connection, wanted: MessageFilter, before: int, limit: int) -> MessagePage:
    """Find up to `limit` messages with ids below `before` (0: from the newest)."""
    before = before or EVER
    where = where_of(wanted)
    if wanted.message_id:
        rows = _of(db, [wanted.message_id], where, before, 1)
        return MessagePage(_found(rows), 0)
    if wanted.reference:
        return _by_reference(db, wanted.reference, where, before, limit)
    begin, end = id_bounds(db, wanted)
    end = min(end, before)
    if wanted.number:
        return _by_number(db, wanted.number, where, (begin, end), limit)
    if wanted.states and _UNDER_WAY.issuperset(wanted.states):
        ids = _under_way(db)
        if ids is not None:
            rows = _of(db, [each for each in ids if begin <= each < end], where, end, limit)
            return MessagePage(_found(rows), rows[-1][1] if len(rows) == limit else 0)
    return _walk(db, where, (begin, end), limit)


def where_of(wanted: MessageFilter) -> _Where:
    """Write what a filter asks of a row."""
    asked: dict[str, object] = {
        "m.message_id = ?": wanted.message_id,
        "m.reference = ?": wanted.reference,
        "m.recipient = ?": wanted.number,
        "m.sender = ?": wanted.sender,
        "m.account_id = ?": wanted.account_id,
        "m.dialect = ?": wanted.dialect,
        "m.link = ?": wanted.link,
        "m.label = ?": wanted.label,
        "m.country = ?": wanted.country,
        "m.state IN (SELECT value FROM json_each(?))": as_json(wanted.states) if wanted.states else "",
        "m.accepted_at >= ?": wanted.since,
        "m.accepted_at < ?": wanted.until if wanted.until < EVER else 0,
    }
    sql, bindings = conditions(asked)
    return _Where(f"{sql} AND {whole('m')}", bindings)


def id_bounds(db: apsw.Connection, wanted: MessageFilter) -> tuple[int, int]:
    """Give ids between which all messages of a filter's time lie: from the first, below the second."""
    begin = max(0, first_from(db, wanted.since) - SPREAD_IDS) if wanted.since else 0
    end = first_from(db, wanted.until) + SPREAD_IDS if wanted.until < EVER else EVER
    return begin, end


def _by_reference(db: apsw.Connection, reference: str, where: _Where, before: int, limit: int) -> MessagePage:
    sql = f"""{_SELECT} INDEXED BY message_reference WHERE m.reference = ? AND m.message_id < ?{where.sql}
              ORDER BY m.message_id DESC LIMIT ?"""
    rows = every(db, sql, (reference, before, *where.bindings, limit))
    return MessagePage(_found(rows), rows[-1][1] if len(rows) == limit else 0)


def _by_number(
    db: apsw.Connection, number: str, where: _Where, bounds: tuple[int, int], limit: int
) -> MessagePage:
    """Walk over what is not written down yet, then look into the blocks."""
    begin, end = bounds
    written = recipients.up_to(db) + 1
    newest = MessagePage((), 0)
    if end > written:
        newest = _walk(db, where, (max(begin, written), end), limit)
        if newest.next_before:
            return newest
    left, end = limit - len(newest.found), min(end, written)
    ids = recipients.find(db, number, (begin, end), CANDIDATES)
    rows = _of(db, ids, where, end, left)
    if len(rows) == left:
        following = rows[-1][1] if rows else written
    else:
        following = ids[-1] if len(ids) == CANDIDATES else 0
    stopped = bool(following) and len(rows) < left
    return MessagePage(newest.found + _found(rows), following, _accepted_at(db, following) if stopped else 0)


def _under_way(db: apsw.Connection) -> list[int] | None:
    """Give the ids of all that has not ended; None where they are too many."""
    sql = "SELECT message_id FROM message INDEXED BY message_review WHERE review_at IS NOT NULL LIMIT ?"
    ids = [message_id for (message_id,) in every(db, sql, (MOST_UNDER_WAY + 1,))]
    return ids if len(ids) <= MOST_UNDER_WAY else None


def _of(db: apsw.Connection, ids: list[int], where: _Where, before: int, limit: int) -> list[tuple[Any, ...]]:
    if not ids or not limit:
        return []
    sql = f"""{_SELECT} WHERE m.message_id IN (SELECT value FROM json_each(?)) AND m.message_id < ?{where.sql}
              ORDER BY m.message_id DESC LIMIT ?"""  # noqa: S608 - constants
    return every(db, sql, (as_json(ids), before, *where.bindings, limit))


def _walk(db: apsw.Connection, where: _Where, bounds: tuple[int, int], limit: int) -> MessagePage:
    rows, reached = walk(db, _SOURCE, where, bounds, limit)
    if len(rows) == limit:
        return MessagePage(_found(rows), rows[-1][1])
    return MessagePage(_found(rows), reached, _accepted_at(db, reached) if reached else 0)


def _accepted_at(db: apsw.Connection, message_id: int) -> int:
    sql = "SELECT accepted_at FROM message WHERE message_id >= ? ORDER BY message_id LIMIT 1"
    row = first(db, sql, (message_id,))
    return 0 if row is None else int(row[0])


def _found(rows: list[tuple[Any, ...]]) -> tuple[FoundMessage, ...]:
    """Give the messages of a page in the order of time; ids alone were no such order in older versions."""
    found = [FoundMessage(message_facts(row[1:]), row[0]) for row in rows]
    return tuple(
        sorted(found, key=lambda each: (each.message.accepted_at, each.message.message_id), reverse=True)
    )


#: ids of one part, for which another look waits: some 20 ms
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


def sum_part(
    db: apsw.Connection, wanted: MessageFilter, by: Grouping, bounds: tuple[int, int]
) -> tuple[Part, int]:
    """Sum up the newest messages of some ids, and give where the next part ends: at `bounds[0]` at last."""
    begin, end = bounds
    top = one(db, "SELECT ifnull(max(message_id), -1) FROM message WHERE message_id < ?", (end,))
    if top < begin:
        return [], begin
    low = max(begin, top - PART + 1)
    where, key = where_of(wanted), _KEYS[by]
    sql = f"""
        SELECT {key}, m.account_id, count(*), sum(m.state = '{State.DELIVERED.value}'),
               sum(m.state IN ({_FAILED})), sum(m.segments), sum(m.price_micros * {USED})
        FROM message m NOT INDEXED WHERE m.message_id >= ? AND m.message_id <= ?{where.sql} GROUP BY 1, 2
    """  # noqa: S608 - constants
    rows: list[Any] = every(db, sql, (low, top, *where.bindings))
    return rows, low
