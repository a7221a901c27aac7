"""What postbacks are pending: which lanes have work, what is due in one, what a transaction has added."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import apsw

from aldis.store.memory.postback_cache import PendingPostback
from aldis.store.sqlite.engine.rows import MESSAGE_FACTS, as_json, every, first, one
from aldis.store.sqlite.engine.transactions import Outbox, OutboxRow
from aldis.store.sqlite.reads.inbound import FACTS
from aldis.traffic.inbound import DueInbound, InboundFacts
from aldis.traffic.message import MessageFacts
from aldis.traffic.postback import DuePostback, PostbackEvent, Webhook
from aldis.traffic.states import State

#: the lanes behind a name; walks the index from lane to lane instead of over all that is due: a dead endpoint
#: may have a million rows
LANES = """
WITH RECURSIVE lane(name) AS (
    SELECT min(lane) FROM postback WHERE due_at IS NOT NULL AND lane > ?1
    UNION ALL
    SELECT (SELECT min(lane) FROM postback WHERE due_at IS NOT NULL AND postback.lane > lane.name)
    FROM lane WHERE lane.name IS NOT NULL
)
"""
_DUE_LANES = f"""{LANES}
SELECT name FROM lane WHERE name IS NOT NULL
   AND EXISTS (SELECT 1 FROM postback WHERE postback.lane = lane.name AND due_at <= ?2)
LIMIT ?3
"""  # noqa: S608 - a constant

_COLUMNS = (
    "p.postback_id, p.lane, p.event, p.state, p.error_code, p.happened_at, p.attempts, p.last_tried_at, "
    + MESSAGE_FACTS
)
_DUE = f"""
SELECT {_COLUMNS}
FROM postback p JOIN message m USING (message_id)
WHERE p.lane = ? AND p.due_at IS NOT NULL AND p.due_at <= ? AND p.event <> 'inbound'
  AND p.postback_id NOT IN (SELECT value FROM json_each(?)) AND NOT EXISTS (
    SELECT 1 FROM postback earlier
    WHERE earlier.message_id = p.message_id AND earlier.postback_id < p.postback_id
      AND earlier.due_at IS NOT NULL)
ORDER BY p.due_at LIMIT ?
"""  # noqa: S608 - the columns are a constant


_EVENTS = {event.value: event for event in PostbackEvent}
_STATES = {state.value: state for state in State}

#: where in a message's facts its state is
_STATE = MessageFacts.__struct_fields__.index("state")

#: postbacks that a transaction may owe and tell of
MOST_TOLD = 1_024

_PENDING_SINCE = f"""
SELECT (SELECT max(earlier.postback_id) FROM postback earlier
        WHERE earlier.message_id = p.message_id AND earlier.postback_id < p.postback_id
          AND earlier.due_at IS NOT NULL), {_COLUMNS}
FROM postback p CROSS JOIN message m ON m.message_id = p.message_id
WHERE p.postback_id > ? AND p.due_at IS NOT NULL AND p.event <> 'inbound'
ORDER BY p.postback_id
"""  # noqa: S608 - the columns are a constant


def newest(db: apsw.Connection) -> int:
    """Give the highest id so far; the next ones are above it."""
    return one(db, "SELECT ifnull(max(postback_id), 0) FROM postback") or 0


def pending_since(db: apsw.Connection, before: int) -> list[OutboxRow] | None:
    """Give the postbacks about messages to handsets that were made due since an id was the highest; None: too
    many. `read_pending` reads them.
    """
    count = newest(db) - before
    if count <= 0:
        return []
    if count > MOST_TOLD:
        return None
    return every(db, _PENDING_SINCE, (before,))


#: a row is the id of the postback before it, then what `_due` reads
OUTBOX = Outbox(newest, pending_since)


def read_pending(rows: Sequence[OutboxRow]) -> list[PendingPostback]:
    """Read what `pending_since` gave, wherever it was asked."""
    return [PendingPostback(_due(row), behind or 0) for behind, *row in rows]


class Due(NamedTuple):
    """What is due in a lane."""

    postbacks: list[DuePostback]
    #: the highest id of all when it was read
    seen: int


def ended_webhooks(db: apsw.Connection) -> frozenset[Webhook]:
    """Tell where nothing is to be posted any more; mostly there are none."""
    return frozenset(Webhook(*row) for row in every(db, "SELECT account_id, url FROM ended_webhook"))


def due_lanes(db: apsw.Connection, after: str, limit: int, now: int) -> list[str]:
    """Name the lanes with work behind a name."""
    return [name for (name,) in every(db, _DUE_LANES, (after, now, limit))]


def due(db: apsw.Connection, lane: str, limit: int, now: int, besides: Collection[int]) -> Due:
    """Give a lane's due postbacks, oldest first."""
    db.execute("BEGIN")  # both look at the same state of the file
    try:
        seen = newest(db)
        rows = every(db, _DUE, (lane, now, as_json(besides), limit))
    finally:
        db.execute("COMMIT")
    return Due([_due(row) for row in rows], seen)


def _due(row: Sequence[Any]) -> DuePostback:
    postback_id, lane, event, state, error_code, happened_at, attempts, last_tried_at, *facts = row
    facts[_STATE] = _STATES[facts[_STATE]]
    message = MessageFacts(*facts)
    return DuePostback(
        postback_id,
        lane,
        _EVENTS[event],
        _STATES[state],
        error_code,
        happened_at,
        attempts,
        message,
        last_tried_at > 0,
    )


_ANY_INBOUND = """
SELECT 1 FROM postback INDEXED BY postback_inbound
WHERE lane = ? AND due_at IS NOT NULL AND due_at <= ? AND event = 'inbound' LIMIT 1
"""

_DUE_INBOUND = f"""
SELECT p.postback_id, p.lane, p.attempts, p.last_tried_at, {FACTS}
FROM postback p INDEXED BY postback_inbound CROSS JOIN inbound i ON i.inbound_id = p.message_id
WHERE p.lane = ? AND p.due_at IS NOT NULL AND p.due_at <= ? AND p.event = 'inbound'
  AND p.postback_id NOT IN (SELECT value FROM json_each(?))
ORDER BY p.due_at LIMIT ?
"""  # noqa: S608 - the columns are a constant


def due_inbound(
    db: apsw.Connection, lane: str, limit: int, now: int, besides: Collection[int]
) -> list[DueInbound]:
    """Give a lane's due postbacks about messages from handsets, oldest first; mostly there are none."""
    if first(db, _ANY_INBOUND, (lane, now)) is None:
        return []
    return [_due_inbound(row) for row in every(db, _DUE_INBOUND, (lane, now, as_json(besides), limit))]


def _due_inbound(row: Sequence[Any]) -> DueInbound:
    postback_id, lane, attempts, last_tried_at, *facts = row
    return DueInbound(postback_id, lane, attempts, InboundFacts(*facts), was_tried=last_tried_at > 0)


_ONE = f"SELECT {_COLUMNS} FROM postback p JOIN message m USING (message_id) WHERE p.postback_id = ?"  # noqa: S608 - as above
_ONE_INBOUND = f"""
SELECT p.postback_id, p.lane, p.attempts, p.last_tried_at, {FACTS}
FROM postback p JOIN inbound i ON i.inbound_id = p.message_id WHERE p.postback_id = ?
"""  # noqa: S608 - as above


def due_of(db: apsw.Connection, postback_id: int) -> DuePostback | DueInbound | None:
    """Give one, whether it is due or not."""
    found = first(db, "SELECT event FROM postback WHERE postback_id = ?", (postback_id,))
    is_inbound = found == ("inbound",)
    row = first(db, _ONE_INBOUND if is_inbound else _ONE, (postback_id,))
    if row is None:
        return None
    return _due_inbound(row) if is_inbound else _due(row)
