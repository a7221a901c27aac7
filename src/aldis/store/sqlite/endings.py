"""How messages end: their state, their money and the postbacks that tell the customer, always together and
for a whole batch at once.

Money: what the carrier took is spent, the rest of the hold is released. A receipt moves no money: the carrier
has charged for the submission, whatever became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from aldis.store.sqlite.rows import every, for_each
from aldis.traffic.postback import Notify, PostbackEvent
from aldis.traffic.states import State


class Ending(NamedTuple):
    """One message's end; nothing happens to a message that is not where it is expected to be."""

    message_id: int
    #: where it must be now
    expected: State
    state: State
    #: the carrier's error code or our reason; "" when all went well
    reason: str
    at: int
    #: 1 when it took an attempt at sending
    tried: int = 0


_WITH = "WITH ending (message_id, expected, state, reason, at, tried) AS (VALUES {rows})"

_OWE = f"""
{_WITH}
INSERT INTO postback (message_id, lane, event, state, error_code, happened_at, due_at)
SELECT m.message_id, m.lane, '{PostbackEvent.ENDED.value}', e.state, e.reason, e.at, e.at
FROM ending e CROSS JOIN message m
WHERE m.message_id = e.message_id AND m.state = e.expected AND (
    m.notify & {Notify.ENDED.value}
    OR m.notify & {Notify.FAILED.value} AND '{State.DELIVERED.value}' <> CASE e.expected
        WHEN '{State.UNCONFIRMED.value}' THEN '' ELSE e.state END)
"""  # noqa: S608 - the rows are bound, the rest are constants

_END = f"""
{_WITH}
UPDATE message
SET state = e.state, reason = e.reason, ended_at = e.at, review_at = NULL, attempts = attempts + e.tried
FROM ending e WHERE message.message_id = e.message_id AND message.state = e.expected
"""  # noqa: S608 - as above

#: what the carrier took is told by the segments; of a message in doubt all of it may have been taken
_FREE = f"""
{_WITH}
UPDATE account SET held = account.held - freed.held, spent = account.spent + freed.spent
FROM (SELECT m.account_id, sum(m.price_micros * m.segments) AS held,
             sum(m.price_micros * iif(e.state = '{State.UNCONFIRMED.value}', m.segments, (
                 SELECT count(*) FROM segment s WHERE s.message_id = m.message_id))) AS spent
      FROM ending e CROSS JOIN message m
      WHERE m.message_id = e.message_id AND m.state = e.expected GROUP BY m.account_id) freed
WHERE account.account_id = freed.account_id
"""  # noqa: S608 - as above

_CHOSEN = "message_id IN (SELECT value FROM json_each(?)) AND state = ?"

_SUMS = f"""
SELECT account_id, sum(price_micros * segments), max(segments), max(notify & {Notify.SENT.value})
FROM message WHERE {_CHOSEN} GROUP BY account_id
"""  # noqa: S608 - as above

_OWE_SENT = f"""
INSERT INTO postback (message_id, lane, event, state, error_code, happened_at, due_at)
SELECT message_id, lane, '{PostbackEvent.SENT.value}', '{State.SENT.value}', '', ?, ?
FROM message WHERE {_CHOSEN} AND notify & {Notify.SENT.value}
"""  # noqa: S608 - as above

_MARK_SENT = f"""
UPDATE message SET state = '{State.SENT.value}', sent_at = ?, reason = '', attempts = attempts + 1
WHERE {_CHOSEN}
"""  # noqa: S608 - as above


def end_sent(db: apsw.Connection, endings: Sequence[Ending]) -> None:
    """End messages that the carrier took whole; their money was settled then."""
    for_each(db, _OWE, endings)
    for_each(db, _END, endings)


def end_unsent(db: apsw.Connection, endings: Sequence[Ending]) -> None:
    """End messages that are not `sent`: what the carrier took of them is spent, the rest is freed."""
    for_each(db, _FREE, endings)
    end_sent(db, endings)


class MarkedSent(NamedTuple):
    """What else follows from messages that are `sent` now."""

    #: any of them has several segments
    has_long: bool
    #: any of them owes a postback for it
    owed: bool


def mark_sent(db: apsw.Connection, ids: str, expected: State, now: int) -> MarkedSent:
    """Call the messages of a JSON list of ids `sent`: spend their holds, owe the postbacks that say so."""
    sums = every(db, _SUMS, (ids, expected))
    for account_id, price, _, _ in sums:
        sql = "UPDATE account SET held = held - ?, spent = spent + ? WHERE account_id = ?"
        db.execute(sql, (price, price, account_id))
    if any(owed for _, _, _, owed in sums):
        db.execute(_OWE_SENT, (now, now, ids, expected))
    db.execute(_MARK_SENT, (now, ids, expected))
    return MarkedSent(
        has_long=any(segments > 1 for _, _, segments, _ in sums), owed=any(owed for _, _, _, owed in sums)
    )
