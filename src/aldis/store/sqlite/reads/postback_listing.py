"""The operators' reads of postbacks: what is pending by account and endpoint, dead letters, tries of one."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from aldis.store.contract.outbox import (
    MOST_COUNTED,
    EndedWebhook,
    LaneFacts,
    PostbackFilter,
    PostbackPage,
    PostbackRow,
    PostbackTry,
)
from aldis.store.rules.postbacks import (
    MOST_WALKED,
    Tried,
    by_place,
    facts_of,
    looked_at,
    postback_row,
    wanted_of,
)
from aldis.store.sqlite.engine.rows import as_json, conditions, every, first
from aldis.store.sqlite.reads.postbacks import LANES

#: scheme, host and port of a lane (`traffic.postback.lane_of`); all of one that has no account
_ENDPOINT = """iif(instr(p.lane, ' '),
    substr(p.lane, instr(p.lane, ' ') + 1, length(p.lane) - instr(p.lane, ' ') - 3), p.lane)"""

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
    """Tell what is pending, by account and endpoint."""
    counted = every(db, _LANES, ("", MOST_COUNTED, MOST_WALKED))
    return [facts_of(place, lanes, _looked_at(db, lanes)) for place, lanes in by_place(counted, limit)]


def _looked_at(db: apsw.Connection, lanes: dict[str, int]) -> list[Tried]:
    """Look at what is due first in some lanes, and at what is due last."""
    limit = looked_at(lanes)
    return [
        row
        for lane in lanes
        for order in ("ASC", "DESC")
        for row in every(db, _OF_LANE.format(order=order), (lane, limit))
    ]


def lanes_wanted(db: apsw.Connection, wanted: PostbackFilter) -> list[str]:
    """Name the lanes that a filter asks for, of those with anything pending."""
    return wanted_of([lane for lane, _ in every(db, _LANES, ("", 1, MOST_WALKED))], wanted)


def dead_letters_sql(wanted: PostbackFilter) -> tuple[str, tuple[object, ...]]:
    """Write what a filter asks of dead letters."""
    asked: dict[str, object] = {
        f"{_ENDPOINT} = ?": wanted.lane,
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
    found = tuple(postback_row(row) for row in rows)
    return PostbackPage(found, found[-1].postback_id if len(found) == limit else 0)


def postback(db: apsw.Connection, postback_id: int) -> PostbackRow | None:
    """Give one."""
    row = first(db, f"{_ANY} WHERE p.postback_id = ?", (postback_id,))
    return None if row is None else postback_row(row)


def of_message(db: apsw.Connection, message_id: int) -> tuple[PostbackRow, ...]:
    """Give those about a message, oldest first."""
    rows = every(db, f"{_ANY} WHERE p.message_id = ? ORDER BY p.postback_id", (message_id,))
    return tuple(postback_row(row) for row in rows)


def tries(db: apsw.Connection, postback_ids: Sequence[int]) -> dict[int, tuple[PostbackTry, ...]]:
    """Give the tries that are kept, by postback, oldest first."""
    sql = """SELECT postback_id, tried_at, status, fault, answer FROM postback_try
             WHERE postback_id IN (SELECT value FROM json_each(?)) ORDER BY postback_id, tried_at"""
    found: dict[int, tuple[PostbackTry, ...]] = {}
    for postback_id, *facts in every(db, sql, (as_json(postback_ids),)):
        found[postback_id] = (*found.get(postback_id, ()), PostbackTry(*facts))
    return found


def tries_of(db: apsw.Connection, postback_id: int) -> tuple[PostbackTry, ...]:
    """Give the tries of one that are kept."""
    return tries(db, [postback_id]).get(postback_id, ())


def ended_webhooks(db: apsw.Connection, limit: int) -> list[EndedWebhook]:
    """Tell where nothing is posted any more."""
    sql = "SELECT account_id, url, ended_at FROM ended_webhook ORDER BY ended_at DESC LIMIT ?"
    return [EndedWebhook(*row) for row in every(db, sql, (limit,))]
