"""The writes of endings (`rules/endings.py`): messages' state, their money and the postbacks that tell the
customer, always together and for a whole batch at once. Cancelling is an operation of its own, which ends
them before they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import apsw
import msgspec

from aldis.errors import TransitionRefused
from aldis.store.contract.ownership import Lease
from aldis.store.rules.endings import (
    OPTED_OUT,
    Ending,
    Telling,
    doubtful,
    heard_by,
    of_cancelled,
    without_doubt,
)
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import as_array, as_json, every, for_each, for_found, for_ids, may
from aldis.store.sqlite.writes import ownership
from aldis.traffic.postback import Notify, PostbackEvent
from aldis.traffic.receipt import ReceiptState
from aldis.traffic.states import Event, State

_WITH = "WITH ending (message_id, expected, state, reason, at, tried) AS (VALUES {rows})"

_TELLINGS = """
SELECT message_id, state, lane, notify FROM carray(?) ended CROSS JOIN message
WHERE message_id = ended.value AND notify <> 0
"""

_ENDED = PostbackEvent.ENDED.value
_ENQUEUE = """
INSERT INTO postback (message_id, lane, event, state, error_code, happened_at, due_at) VALUES {rows}
"""

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

#: all of whose segments are; one with the number 0 is the whole message
_DELIVERED = f"""
SELECT m.message_id FROM carray(?) ended CROSS JOIN message m WHERE m.message_id = ended.value
  AND m.segments <= (SELECT sum(iif(s.number, 1, m.segments)) FROM segment s
                     WHERE s.message_id = m.message_id AND s.state = '{ReceiptState.DELIVERED.value}')
"""  # noqa: S608 - as above

_CHOSEN = f"message_id IN (SELECT value FROM carray(?)) AND {may(Event.SUBMIT_ACCEPTED)}"  # noqa: S608 - as above

_SUMS = f"""
SELECT account_id, sum(price_micros * segments), max(segments), max(doubts),
       max(notify & {Notify.SENT.value}), count(*)
FROM message WHERE {_CHOSEN} GROUP BY account_id
"""  # noqa: S608 - constants

_ENQUEUE_SENT = f"""
INSERT INTO postback (message_id, lane, event, state, error_code, happened_at, due_at)
SELECT message_id, lane, '{PostbackEvent.SENT.value}', '{State.SENT.value}', '', ?, ?
FROM message WHERE {_CHOSEN} AND notify & {Notify.SENT.value}
"""  # noqa: S608 - as above

_MARK_SENT = f"""
UPDATE message SET state = '{State.SENT.value}', sent_at = ?, reason = '', attempts = attempts + 1
WHERE message_id IN ({{ids}})
"""  # noqa: S608 - as above


def end_sent(
    db: apsw.Connection, endings: Sequence[Ending], tellings: Mapping[int, Telling] | None = None
) -> None:
    """End messages that the carrier took whole; their money was spent then.

    tellings: by message, from who has read in this transaction that each message is where it is expected.
    """
    if tellings is None:
        tellings = _read_tellings(db, endings)
    pending = [
        (e.message_id, telling[0], _ENDED, e.state, e.reason, e.at, e.at)
        for e in endings
        if (telling := tellings.get(e.message_id)) is not None and telling[1] & heard_by(e)
    ]
    for_each(db, _ENQUEUE, pending)
    for_found(db, _END, endings)


def _read_tellings(db: apsw.Connection, endings: Sequence[Ending]) -> dict[int, Telling]:
    """Read who is to be told of what, of the messages that are where they are expected."""
    if not endings:
        return {}
    expected = {ending.message_id: ending.expected for ending in endings}
    return {
        message_id: (lane, notify)
        for message_id, state, lane, notify in every(db, _TELLINGS, (as_array(list(expected)),))
        if state == expected[message_id]
    }


def end_unsent(db: apsw.Connection, endings: Sequence[Ending]) -> None:
    """End messages that are not `sent`: what the carrier took of them is spent, the rest is freed. What ends
    in doubt is delivered if the carrier has said so of an earlier attempt.
    """
    for_found(db, _FREE, endings)
    end_sent(db, _without_doubt(db, endings))


def _without_doubt(db: apsw.Connection, endings: Sequence[Ending]) -> Sequence[Ending]:
    ids = doubtful(endings)
    if not ids:
        return endings
    return without_doubt(endings, {message_id for (message_id,) in every(db, _DELIVERED, (as_array(ids),))})


def mark_sent(db: apsw.Connection, ids: Sequence[int], now: int) -> bool:
    """Call messages `sent`: spend their holds, owe the postbacks that say so. Returns whether any of them has
    several segments or was in doubt. Raises TransitionRefused when they are not all where that may happen,
    each once.
    """
    sums = every(db, _SUMS, (as_array(ids),))
    if sum(count for *_, count in sums) != len(ids):
        raise TransitionRefused("a message is called sent that does not wait to be sent")
    for account_id, price, *_ in sums:
        sql = "UPDATE account SET held = held - ?, spent = spent + ? WHERE account_id = ?"
        db.execute(sql, (price, price, account_id))
    if any(pending for *_, pending, _ in sums):
        db.execute(_ENQUEUE_SENT, (now, now, as_array(ids)))
    for_ids(db, _MARK_SENT, (now,), ids)
    return any(segments > 1 or doubts for _, _, segments, doubts, *_ in sums)


class Cancel(msgspec.Struct, frozen=True):
    """Messages that nobody has in hand, nor will have before this is done. A customer calls back what is
    whole and in no doubt; who has opted out gets not even the rest, nor a repetition.
    """

    message_ids: tuple[int, ...]
    #: why, for the timeline
    reason: str
    now: int
    #: of maintenance, where it cancels
    lease: Lease | None = None


_CANCELLABLE = f"""
SELECT message_id, state, doubts FROM message
WHERE message_id IN (SELECT value FROM json_each(?)) AND {may(Event.CANCELLED)}
  AND (? OR doubts = 0 AND NOT EXISTS (
    SELECT 1 FROM segment WHERE segment.message_id = message.message_id))
"""  # noqa: S608 - the table's states


@operation_on_each()
def cancel(db: apsw.Connection, item: Cancel) -> int:
    """End those that may still be cancelled; returns how many were."""
    if item.lease is not None:
        ownership.check(db, [item.lease])
    found = every(db, _CANCELLABLE, (as_json(item.message_ids), item.reason == OPTED_OUT))
    endings = of_cancelled(found, item.reason, item.now)
    end_unsent(db, endings)
    return len(endings)
