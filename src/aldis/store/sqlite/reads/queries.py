"""The reads for customers who ask what became of their messages and what they used."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from aldis.store.sqlite.engine.rows import MESSAGE_FACTS, every, first, in_state, message_facts, one, whole
from aldis.traffic.message import MessageStatus
from aldis.traffic.query import OTHER, Usage
from aldis.traffic.states import State

#: ids grow with time, but those of one moment may be accepted in another order
SLACK_MS = 60_000

#: messages that are read by one statement, as one JSON text: to step from row to row costs a thread, and the
#: loop beside it, a turn of the interpreter's lock each time
PAGE = 250
_STATUS = "m.priority, m.coding, hex(m.octets), m.due_at, m.expires_at, m.label, hex(m.echo)"
_SUBMISSION = f"""
SELECT json_group_array(json_array({_STATUS}, {MESSAGE_FACTS.removesuffix(", m.echo")})) FROM (
    SELECT * FROM message m
    WHERE m.reference = ? AND m.account_id = ? AND m.dialect = ? AND m.message_id > ? AND {whole("m")}
    ORDER BY m.message_id LIMIT ?) m
"""  # noqa: S608 - the columns are constants
_ROWS = msgspec.json.Decoder(list[tuple[Any, ...]])

#: what the carrier has taken whole or may still take counts whole, of the rest what it took
_MAY_BE_TAKEN = in_state(State.QUEUED, State.SENDING, State.UNCONFIRMED, of="m")
USED = f"""iif(m.sent_at > 0 OR {_MAY_BE_TAKEN}, m.segments, (
    SELECT count(*) FROM segment s WHERE s.message_id = m.message_id))"""  # noqa: S608 - the states are a constant
_USAGE = f"""
WITH counted AS MATERIALIZED (
SELECT label, country, sum(used) AS segments, sum(used * price_micros) AS micros
FROM (SELECT m.label, m.country, m.price_micros, {USED} AS used
      FROM message m
      WHERE m.message_id >= ?1 AND m.message_id <= ?2 AND m.account_id = ?3
        AND m.accepted_at >= ?4 AND m.accepted_at < ?5 AND (?6 IS NULL OR m.label = ?6) AND {whole("m")})
GROUP BY label, country HAVING sum(used) > 0),
placed AS (
SELECT label, row_number() OVER (ORDER BY sum(segments) DESC, label) AS place FROM counted GROUP BY label)
SELECT iif(place <= ?7, label, '{OTHER}') AS told, country, sum(segments), sum(micros)
FROM counted JOIN placed USING (label) GROUP BY told, country ORDER BY min(place) > ?7, told, country
"""  # noqa: S608 - the states are a constant


def submission(
    db: apsw.Connection, account_id: int, dialect: str, reference: str, after: int, limit: int
) -> list[MessageStatus]:
    """Give the first messages behind an id that an account knows by a reference, in the order of their
    recipients.
    """
    found: list[MessageStatus] = []
    while limit > 0:
        page = min(limit, PAGE)
        rows = _ROWS.decode(one(db, _SUBMISSION, (reference, account_id, dialect, after, page)))
        found += map(_status, rows)
        if len(rows) < page:
            break
        after, limit = found[-1].message.message_id, limit - page
    return found


def _status(row: tuple[Any, ...]) -> MessageStatus:
    priority, coding, octets, due_at, expires_at, label, echo = row[:7]
    facts = message_facts((*row[7:], bytes.fromhex(echo)))
    return MessageStatus(facts, priority, coding, bytes.fromhex(octets), due_at, expires_at, label)


def usage(
    db: apsw.Connection, account_id: int, since: int, until: int, label: str | None, most_labels: int
) -> list[Usage]:
    """Sum up what an account used of what it sent in a time, by label and country: so many labels, those with
    the most segments, and what else there is as OTHER.
    """
    begin, end = first_from(db, since - SLACK_MS), first_from(db, until + SLACK_MS)
    rows = every(db, _USAGE, (begin, end, account_id, since, until, label, most_labels))
    return [Usage(*row) for row in rows]


def first_from(db: apsw.Connection, instant: int) -> int:
    """Find about the first message that was accepted at or after an instant: by halves, for there is no index
    of time.
    """
    low = one(db, "SELECT ifnull(min(message_id), 0) FROM message")
    high = one(db, "SELECT ifnull(max(message_id), 0) FROM message") + 1
    while low < high:
        middle = (low + high) // 2
        sql = "SELECT message_id, accepted_at FROM message WHERE message_id >= ? ORDER BY message_id LIMIT 1"
        row = first(db, sql, (middle,))
        if row is None or row[1] >= instant:
            high = middle
        else:
            low = row[0] + 1
    return int(low)
