"""The operators' reads of postbacks: what is pending by lane, dead letters, the tries of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from aldis.store.contract.outbox import (
    MOST_COUNTED,
    LaneFacts,
    PostbackFilter,
    PostbackPage,
    PostbackRow,
    PostbackTry,
)
from aldis.store.sqlite.engine.rows import as_json, conditions, every, first
from aldis.store.sqlite.reads.postbacks import LANES

#: rows of a lane that are looked at for its oldest and its last fault
LOOKED_AT = 200

_COLUMNS = """p.postback_id, p.message_id, p.lane, p.event, p.state, p.happened_at, p.attempts,
    p.last_tried_at, p.last_status, p.last_fault, p.due_at, p.done"""
_ROW = f"""
SELECT {_COLUMNS}, iif(p.event = 'inbound', i.account_id, m.account_id), ifnull(m.reference, ''),
       ifnull(iif(p.event = 'inbound', i.sender, m.recipient), '')
FROM postback p {{index}}
LEFT JOIN message m ON m.message_id = p.message_id AND p.event <> 'inbound'
LEFT JOIN inbound i ON i.inbound_id = p.message_id AND p.event = 'inbound'
"""  # noqa: S608 - the columns are a constant
_ANY = _ROW.format(index="")
#: by the index of those that are dead letters
DEAD_LETTERS = _ROW.format(index="INDEXED BY postback_given_up")

_LANES = f"""{LANES}
SELECT name, (
    SELECT count(*) FROM (
        SELECT 1 FROM postback INDEXED BY postback_due WHERE lane = name AND due_at IS NOT NULL LIMIT ?2))
FROM lane WHERE name IS NOT NULL LIMIT ?3
"""  # noqa: S608 - a constant
_OF_LANE = """
SELECT happened_at, due_at, last_tried_at, last_status, last_fault FROM postback INDEXED BY postback_due
WHERE lane = ? AND due_at IS NOT NULL ORDER BY due_at {order} LIMIT ?
"""


def lanes(db: apsw.Connection, limit: int) -> list[LaneFacts]:
    """Tell what is pending, lane by lane."""
    return [_lane(db, lane, count) for lane, count in every(db, _LANES, ("", MOST_COUNTED, limit))]


def _lane(db: apsw.Connection, lane: str, count: int) -> LaneFacts:
    """Look at what is due first, and at what is due last: that has failed last."""
    rows = every(db, _OF_LANE.format(order="ASC"), (lane, LOOKED_AT))
    rows += every(db, _OF_LANE.format(order="DESC"), (lane, LOOKED_AT))
    if not rows:  # settled between two statements
        return LaneFacts(lane, 0, 0, 0, None, "")
    last = max(rows, key=lambda row: row[2])
    return LaneFacts(lane, count, min(row[0] for row in rows), rows[0][1], *last[3:])


def dead_letters_sql(wanted: PostbackFilter) -> tuple[str, tuple[object, ...]]:
    """Write what a filter asks of dead letters."""
    asked: dict[str, object] = {
        "p.lane = ?": wanted.lane,
        "p.event = ?": wanted.event,
        "iif(p.event = 'inbound', i.account_id, m.account_id) = ?": wanted.account_id,
    }
    where, bindings = conditions(asked)
    return f"p.due_at IS NULL AND p.done = 0{where}", bindings


def dead_letters(db: apsw.Connection, wanted: PostbackFilter, before: int, limit: int) -> PostbackPage:
    """Give dead letters, newest first."""
    where, bindings = dead_letters_sql(wanted)
    sql = f"{DEAD_LETTERS} WHERE {where} AND p.postback_id < ? ORDER BY p.postback_id DESC LIMIT ?"
    rows = every(db, sql, (*bindings, before or 2**62, limit))
    found = tuple(_postback(row) for row in rows)
    return PostbackPage(found, found[-1].postback_id if len(found) == limit else 0)


def postback(db: apsw.Connection, postback_id: int) -> PostbackRow | None:
    """Give one."""
    row = first(db, f"{_ANY} WHERE p.postback_id = ?", (postback_id,))
    return None if row is None else _postback(row)


def of_message(db: apsw.Connection, message_id: int) -> tuple[PostbackRow, ...]:
    """Give those about a message, oldest first."""
    rows = every(db, f"{_ANY} WHERE p.message_id = ? ORDER BY p.postback_id", (message_id,))
    return tuple(_postback(row) for row in rows)


def tries(db: apsw.Connection, postback_ids: Sequence[int]) -> dict[int, tuple[PostbackTry, ...]]:
    """Give the tries that failed, by postback, oldest first."""
    sql = """SELECT postback_id, tried_at, status, fault FROM postback_try
             WHERE postback_id IN (SELECT value FROM json_each(?)) ORDER BY postback_id, tried_at"""
    found: dict[int, tuple[PostbackTry, ...]] = {}
    for postback_id, *facts in every(db, sql, (as_json(postback_ids),)):
        found[postback_id] = (*found.get(postback_id, ()), PostbackTry(*facts))
    return found


def _postback(row: tuple[Any, ...]) -> PostbackRow:
    *facts, done, account_id, reference, number = row
    return PostbackRow(*(*facts, bool(done), account_id, reference, number))
