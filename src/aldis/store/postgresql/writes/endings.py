"""How messages end: their state, their money and the postbacks that tell the customer, always together and
for a whole batch at once. A row of `queue` or `sent` moves to `ended`; where it is not, nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import msgspec

from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.engine.columns import columns_of
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import all_escaped, escaped
from aldis.store.postgresql.writes import owing, ownership, purses
from aldis.store.rules.endings import OPTED_OUT, Ending, doubtful, heard_by, of_cancelled, without_doubt
from aldis.store.rules.receipts import Report
from aldis.traffic.postback import PostbackEvent
from aldis.traffic.receipt import ReceiptState
from aldis.traffic.states import FINAL, State

#: `told`: bits of `Notify`
_ENDING = """
WITH ending AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::smallint[],
        $7::smallint[]) AS e (message_id, expected, state, reason, at, tried, told)
)"""
_OWED = f"""
SELECT m.message_id, m.lane, '{PostbackEvent.ENDED.value}', e.state, e.reason, e.at
FROM {{ended}} e JOIN message m USING (message_id) WHERE m.notify & e.told <> 0"""  # noqa: S608 - a constant
_KEEP = """
    INSERT INTO ended (message_id, state, reason, ended_at, link, sent_at, attempts, doubts)
    SELECT message_id, state, reason, at, link, sent_at, attempts, doubts FROM gone"""

#: what the carrier had, and what is only in doubt; with what is written of segments
_END_SENT = f"""{_ENDING}, reported AS (
    UPDATE segment SET state = r.state, error_code = r.error_code, receipt_at = r.at
    FROM unnest($8::bigint[], $9::smallint[], $10::text[], $11::text[], $12::bigint[])
        AS r (message_id, number, state, error_code, at)
    WHERE segment.message_id = r.message_id AND segment.number = r.number
), gone AS (
    DELETE FROM sent s USING ending e
    WHERE s.message_id = e.message_id AND e.expected = '{State.SENT.value}'
    RETURNING s.message_id, e.state, e.reason, e.at, e.told, s.link, s.sent_at, s.attempts, s.doubts
), moved AS ({_KEEP}), improved AS (
    UPDATE ended SET state = e.state, reason = e.reason, ended_at = e.at FROM ending e
    WHERE ended.message_id = e.message_id AND ended.state = e.expected
        AND e.expected = '{State.UNCONFIRMED.value}'
    RETURNING ended.message_id, e.state, e.reason, e.at, e.told
), new AS (
    SELECT message_id, state, reason, at, told FROM gone UNION ALL SELECT * FROM improved
), owed AS ({owing.owing(_OWED.format(ended="new"))})
SELECT (SELECT count(*) FROM new), array_agg(postback_id) FROM owed
"""  # noqa: S608 - the table's states

#: what the carrier took is told by the segments; of a message in doubt, or that came out of it, all of it may
#: have been taken
_FREED = f"""
SELECT m.account_id, -sum(m.price_micros * m.segments), sum(m.price_micros * CASE
    WHEN g.state IN ('{State.UNCONFIRMED.value}', '{State.DELIVERED.value}') THEN m.segments
    ELSE (SELECT count(*) FROM segment s WHERE s.message_id = m.message_id) END)
FROM gone g JOIN message m USING (message_id) GROUP BY m.account_id"""  # noqa: S608 - as above
_END_UNSENT = f"""{_ENDING}, gone AS (
    DELETE FROM queue q USING ending e
    WHERE q.message_id = e.message_id AND q.is_marked = (e.expected = '{State.SENDING.value}')
    RETURNING q.message_id, e.state, e.reason, e.at, e.told, q.link, 0::bigint AS sent_at,
        q.attempts + e.tried AS attempts, q.doubts
), moved AS ({_KEEP}), settled AS ({purses.settling(_FREED)}
), owed AS ({owing.owing(_OWED.format(ended="gone"))})
SELECT array_agg(postback_id) FROM owed
"""  # noqa: S608 - as above

#: all of whose segments are; one with the number 0 is the whole message
_DELIVERED = f"""
SELECT m.message_id FROM message m WHERE m.message_id = ANY($1::bigint[])
  AND m.segments <= (SELECT sum(CASE s.number WHEN 0 THEN m.segments ELSE 1 END) FROM segment s
                     WHERE s.message_id = m.message_id AND s.state = '{ReceiptState.DELIVERED.value}')
"""  # noqa: S608 - as above


async def end_sent(db: asyncpg.Connection, endings: Sequence[Ending], reports: Sequence[Report] = ()) -> None:
    """End messages that the carrier took whole, or may have; their money was spent then. `reports`: what is
    to be written of segments besides.
    """
    if not endings and not reports:
        return
    ids, numbers, states, codes, instants = columns_of(reports, 5)
    columns = (ids, numbers, states, all_escaped(codes), instants)
    ((count, owed),) = await db.fetch(_END_SENT, *_columns(endings), *columns)
    owing.note_free(owed or ())
    if count < len(endings):  # one was overdue at this moment, and is in doubt since it was judged
        doubted = [
            each._replace(expected=State.UNCONFIRMED)
            for each in endings
            if each.expected is State.SENT and each.state in FINAL
        ]
        await end_sent(db, doubted)


async def end_unsent(db: asyncpg.Connection, endings: Sequence[Ending]) -> None:
    """End messages that wait or are being sent, which are locked: what the carrier took of them is spent, the
    rest is freed. What ends in doubt is delivered if the carrier has said so of an earlier attempt.
    """
    if not endings:
        return
    in_doubt = doubtful(endings)
    if in_doubt:
        delivered = {row[0] for row in await db.fetch(_DELIVERED, in_doubt)}
        endings = without_doubt(endings, delivered)
    owing.note_free(await db.fetchval(_END_UNSENT, *_columns(endings)) or ())


def _columns(endings: Iterable[Ending]) -> Sequence[Sequence[Any]]:
    """Give the columns of endings, in the order in which all take their rows, with who is told of each."""
    rows = [
        (*(each._replace(reason=escaped(each.reason)) if each.reason else each), heard_by(each))
        for each in sorted(endings)
    ]
    return columns_of(rows, 7)


class Cancel(msgspec.Struct, frozen=True):
    """Messages that nobody has in hand here, nor will have before this is done. A customer calls back what is
    whole and in no doubt; who has opted out gets not even the rest, nor a repetition.
    """

    message_ids: tuple[int, ...]
    #: why, for the timeline
    reason: str
    now: int
    #: who asks: what is in a slot that another has is let be
    holder: str
    #: of maintenance, where it cancels
    lease: Lease | None = None
    #: all or none: where another has the slot, what is due from then on, which nobody has claimed yet;
    #: None: as many as can be
    free_from: int | None = None


_PLACES = "SELECT message_id, link, due_at FROM queue WHERE message_id = ANY($1::bigint[])"
#: those that are marked are left out later: with a condition on that, an index is used that is for links
_CANCELLABLE = """
SELECT q.message_id, q.doubts, q.is_marked
FROM unnest($1::bigint[], $2::text[]) asked (message_id, link) JOIN queue q USING (message_id, link)
WHERE $3 OR q.doubts = 0 AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.message_id = q.message_id)
ORDER BY q.message_id FOR UPDATE OF q
"""


@operation_on_each
async def cancel(db: asyncpg.Connection, item: Cancel) -> int:
    """End those that may still be cancelled; returns how many were."""
    if item.lease is not None:
        await ownership.check(db, [item.lease])
    due_at = {(row[0], row[1]): row[2] for row in await db.fetch(_PLACES, item.message_ids)}
    ours = await ownership.in_reach(db, item.holder, [*due_at])
    if item.free_from is not None:
        if any(due_at[place] < item.free_from for place in due_at.keys() - {*ours}):
            return 0
        ours = sorted(due_at)
    if not ours:
        return 0
    found = await db.fetch(_CANCELLABLE, *zip(*ours, strict=True), item.reason == OPTED_OUT)
    waiting = [(message_id, State.QUEUED, doubts) for message_id, doubts, is_marked in found if not is_marked]
    endings = of_cancelled(waiting, item.reason, item.now)
    await end_unsent(db, endings)
    return len(endings)
