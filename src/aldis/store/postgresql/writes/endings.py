"""How messages end: their state, their money and the postbacks that tell the customer, always together and
for a whole batch at once. A row of `queue` or `sent` moves to `ended`; where it is not, nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import asyncpg
import msgspec

from aldis.errors import TransitionRefused
from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.writes import owing, ownership, purses
from aldis.store.postgresql.writes.owing import NewPostback
from aldis.store.rules.endings import OPTED_OUT, Ending, doubtful, of_cancelled, owes, without_doubt
from aldis.traffic.postback import Notify, PostbackEvent
from aldis.traffic.receipt import ReceiptState
from aldis.traffic.states import State

_ENDING = """
WITH ending AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::smallint[])
        AS e (message_id, expected, state, reason, at, tried)
)"""

#: what the carrier had, and what is only in doubt; gives who may be told
_END_SENT = f"""{_ENDING}, gone AS (
    DELETE FROM sent s USING ending e
    WHERE s.message_id = e.message_id AND e.expected = '{State.SENT.value}'
    RETURNING s.message_id, e.state, e.reason, e.at, s.link, s.sent_at, s.attempts, s.doubts
), moved AS (
    INSERT INTO ended (message_id, state, reason, ended_at, link, sent_at, attempts, doubts)
    SELECT * FROM gone RETURNING message_id
), improved AS (
    UPDATE ended SET state = e.state, reason = e.reason, ended_at = e.at FROM ending e
    WHERE ended.message_id = e.message_id AND ended.state = e.expected
        AND e.expected = '{State.UNCONFIRMED.value}'
    RETURNING ended.message_id
)
SELECT m.message_id, m.lane, m.notify
FROM (SELECT message_id FROM moved UNION ALL SELECT message_id FROM improved) e
JOIN message m USING (message_id) WHERE m.notify <> 0
"""  # noqa: S608 - the table's states

#: gives the money: what the carrier took is told by the segments; of a message in doubt, or that came out of
#: it, all of it may have been taken
_END_UNSENT = f"""{_ENDING}, gone AS (
    DELETE FROM queue q USING ending e
    WHERE q.message_id = e.message_id AND q.is_marked = (e.expected = '{State.SENDING.value}')
    RETURNING q.message_id, e.state, e.reason, e.at, q.link, 0::bigint, q.attempts + e.tried, q.doubts
), moved AS (
    INSERT INTO ended (message_id, state, reason, ended_at, link, sent_at, attempts, doubts)
    SELECT * FROM gone RETURNING message_id, state
)
SELECT m.message_id, m.lane, m.notify, m.account_id, m.price_micros * m.segments, m.price_micros * CASE
    WHEN e.state IN ('{State.UNCONFIRMED.value}', '{State.DELIVERED.value}') THEN m.segments
    ELSE (SELECT count(*) FROM segment s WHERE s.message_id = m.message_id) END
FROM moved e JOIN message m USING (message_id)
"""  # noqa: S608 - as above

#: all of whose segments are; one with the number 0 is the whole message
_DELIVERED = f"""
SELECT m.message_id FROM message m WHERE m.message_id = ANY($1::bigint[])
  AND m.segments <= (SELECT sum(CASE s.number WHEN 0 THEN m.segments ELSE 1 END) FROM segment s
                     WHERE s.message_id = m.message_id AND s.state = '{ReceiptState.DELIVERED.value}')
"""  # noqa: S608 - as above


async def end_sent(db: asyncpg.Connection, endings: Sequence[Ending]) -> None:
    """End messages that the carrier took whole, or may have; their money was spent then."""
    if endings:
        await _owe(db, endings, [tuple(row) for row in await db.fetch(_END_SENT, *_columns(endings))])


async def end_unsent(db: asyncpg.Connection, endings: Sequence[Ending]) -> None:
    """End messages that wait or are being sent: what the carrier took of them is spent, the rest is freed.
    What ends in doubt is delivered if the carrier has said so of an earlier attempt.
    """
    if not endings:
        return
    in_doubt = doubtful(endings)
    if in_doubt:
        delivered = {row[0] for row in await db.fetch(_DELIVERED, in_doubt)}
        endings = without_doubt(endings, delivered)
    ended = await db.fetch(_END_UNSENT, *_columns(endings))
    await purses.settle(db, ((account_id, held, spent) for *_, account_id, held, spent in ended))
    await _owe(db, endings, [tuple(row[:3]) for row in ended])


def _columns(endings: Iterable[Ending]) -> zip[tuple[object, ...]]:
    """Give the columns of endings, in the order in which all take their rows."""
    rows = [each._replace(reason=escaped(each.reason)) if each.reason else each for each in sorted(endings)]
    return zip(*rows, strict=True)


async def _owe(
    db: asyncpg.Connection, endings: Iterable[Ending], moved: Sequence[tuple[int, str, int]]
) -> None:
    """Owe the postbacks about messages that have ended (id, lane, notify)."""
    found = {message_id: (lane, notify) for message_id, lane, notify in moved if notify}
    if found:
        owed = [
            NewPostback(e.message_id, found[e.message_id][0], PostbackEvent.ENDED, e.state, e.reason, e.at)
            for e in endings
            if e.message_id in found and owes(found[e.message_id][1], e)
        ]
        await owing.owe(db, owed)


#: gives, for each account: whether any of its messages has several segments or was in doubt, how many there
#: are, and who is to be told
_MARK_SENT = f"""
WITH gone AS (
    DELETE FROM queue q USING unnest($1::bigint[], $2::bigint[]) AS s (message_id, at)
    WHERE q.message_id = s.message_id RETURNING q.message_id, q.link, s.at, q.attempts + 1, q.doubts
), moved AS (
    INSERT INTO sent (message_id, link, sent_at, attempts, doubts) SELECT * FROM gone
    RETURNING message_id, sent_at, doubts
)
SELECT m.account_id, sum(m.price_micros * m.segments)::bigint, count(*),
    bool_or(m.segments > 1 OR s.doubts > 0),
    array_agg(m.message_id) FILTER (WHERE m.notify & {Notify.SENT.value} <> 0),
    array_agg(m.lane) FILTER (WHERE m.notify & {Notify.SENT.value} <> 0),
    array_agg(s.sent_at) FILTER (WHERE m.notify & {Notify.SENT.value} <> 0)
FROM moved s JOIN message m USING (message_id) GROUP BY m.account_id
"""  # noqa: S608 - as above


async def mark_sent(db: asyncpg.Connection, sent: Sequence[tuple[int, int]]) -> bool:
    """Call messages (id, instant) `sent`: spend their holds, owe the postbacks that say so. Returns whether
    any of them has several segments or was in doubt. Raises TransitionRefused when they are not all where
    that may happen, each once.
    """
    rows = await db.fetch(_MARK_SENT, *zip(*sorted(sent), strict=True))
    if sum(row[2] for row in rows) != len(sent):
        raise TransitionRefused("a message is called sent that does not wait to be sent")
    await purses.settle(db, ((account_id, price, price) for account_id, price, *_ in rows))
    owed = [
        NewPostback(message_id, lane, PostbackEvent.SENT, State.SENT, "", at)
        for *_, ids, lanes, instants in rows
        if ids is not None
        for message_id, lane, at in zip(ids, lanes, instants, strict=True)
    ]
    if owed:
        await owing.owe(db, owed)
    return any(row[3] for row in rows)


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


#: those that are marked are left out later: with a condition on that, an index is used that is for links
_CANCELLABLE = """
SELECT q.message_id, q.doubts, q.is_marked FROM queue q WHERE q.message_id = ANY($1::bigint[])
  AND ($2 OR q.doubts = 0 AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.message_id = q.message_id))
ORDER BY q.message_id FOR UPDATE OF q
"""


@operation_on_each
async def cancel(db: asyncpg.Connection, item: Cancel) -> int:
    """End those that may still be cancelled; returns how many were."""
    if item.lease is not None:
        await ownership.check(db, [item.lease])
    found = await db.fetch(_CANCELLABLE, item.message_ids, item.reason == OPTED_OUT)
    waiting = [(message_id, State.QUEUED, doubts) for message_id, doubts, is_marked in found if not is_marked]
    endings = of_cancelled(waiting, item.reason, item.now)
    await end_unsent(db, endings)
    return len(endings)
