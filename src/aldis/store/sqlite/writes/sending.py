"""The writes of sending: mark, record results, recover; with the money and postbacks that results bring."""

from __future__ import annotations

import apsw
import msgspec

from aldis.errors import TransitionRefused
from aldis.store.contract.ownership import Lease
from aldis.store.rules.attempts import led_to, reported_before
from aldis.store.rules.endings import of_lost
from aldis.store.sqlite.engine.operations import operation, operation_on_each
from aldis.store.sqlite.engine.rows import (
    as_array,
    as_json,
    each_alone,
    every,
    first,
    for_each,
    for_found,
    may,
    one,
)
from aldis.store.sqlite.reads.claiming import states_of
from aldis.store.sqlite.writes import endings, ownership, poison, receipts
from aldis.traffic.matching import SUBMITTED
from aldis.traffic.message import MAX_FAULTS, AttemptResult
from aldis.traffic.receipt import ReceiptState
from aldis.traffic.states import Event, State, follow


class RecordResults(msgspec.Struct, frozen=True, gc=False):
    """What a link has to tell."""

    lease: Lease
    link: str
    results: tuple[AttemptResult, ...]
    now: int


class Recover(msgspec.Struct, frozen=True):
    """A link whose last owner is gone."""

    lease: Lease
    #: what is in doubt must not be repeated
    hold: bool
    #: what a process that died had in hand, of this link and others
    in_hand: tuple[int, ...]
    now: int


class Mark(msgspec.Struct, frozen=True):
    """What is about to be submitted."""

    lease: Lease
    message_ids: tuple[int, ...]


_MARK = f"""
UPDATE message SET state = '{follow(State.QUEUED, Event.CLAIMED).value}'
WHERE message_id IN (SELECT value FROM carray(?)) AND {may(Event.CLAIMED)}
"""  # noqa: S608 - the table's states


@operation()
def mark(db: apsw.Connection, items: list[Mark]) -> list[None]:
    """Write `sending` before anything is on the wire."""
    ownership.check(db, [item.lease for item in items])
    ids = [message_id for item in items for message_id in item.message_ids]
    db.execute(_MARK, (as_array(ids),))
    if db.changes() != len(ids):
        raise TransitionRefused("a message is marked that does not wait to be sent")
    return [None] * len(items)


#: a receipt often comes with the response that names its segment: results first, or it is early
@operation(rank=1)
def record_results(db: apsw.Connection, items: list[RecordResults]) -> list[None]:
    """Write outcomes; then let receipts in that came before their response."""
    ownership.check(db, [item.lease for item in items])
    for item in items:
        _record_results(db, item)
    return [None] * len(items)


#: what an earlier attempt has delivered stays so
_SEGMENT = f"""
INSERT INTO segment (message_id, number, link, smsc_message_id, submitted_at) VALUES {{rows}}
ON CONFLICT (message_id, number) DO UPDATE
SET link = excluded.link, smsc_message_id = excluded.smsc_message_id, submitted_at = excluded.submitted_at,
    state = iif(state = '{ReceiptState.DELIVERED.value}', state, '{SUBMITTED}'), error_code = '',
    receipt_at = iif(state = '{ReceiptState.DELIVERED.value}', receipt_at, 0)
WHERE smsc_message_id <> excluded.smsc_message_id OR link <> excluded.link
"""  # noqa: S608 - the table's states

_REQUEUE = """
WITH again (message_id, expected, state, due_at, reason, tried, doubted) AS (VALUES {rows})
UPDATE message
SET state = again.state, reason = again.reason, attempts = attempts + again.tried,
    doubts = doubts + again.doubted,
    due_at = iif(again.tried, again.due_at, min(message.due_at, again.due_at))
FROM again WHERE message.message_id = again.message_id AND message.state = again.expected
"""


def _record_results(db: apsw.Connection, item: RecordResults) -> None:
    segments = [
        (result.message_id, segment.number, item.link, segment.smsc_message_id, item.now)
        for result in item.results
        for segment in result.submitted
    ]
    sent: list[int] = []
    others: list[AttemptResult] = []
    for result in item.results:
        if result.event is Event.SUBMIT_ACCEPTED:
            sent.append(result.message_id)
        else:
            others.append(result)
    for_each(db, _SEGMENT, segments)
    if others:
        _record_others(db, others, item.now)
    if sent and (endings.mark_sent(db, sent, item.now) or others or len(segments) < len(sent)):
        _end_reported(db, sent, item.now)
    receipts.match_early(db, item.link, segments, item.now)


def _record_others(db: apsw.Connection, results: list[AttemptResult], now: int) -> None:
    """Requeue or end messages that the carrier did not take whole."""
    again, ended = led_to(results, states_of(db, [result.message_id for result in results]), now)
    for_found(db, _REQUEUE, again)
    endings.end_unsent(db, ended)


def _end_reported(db: apsw.Connection, ids: list[int], now: int) -> None:
    """End messages whose ending was reported before they were called sent: a segment failed while others were
    still to be sent, or all were delivered that had been named late.
    """
    states: dict[int, list[tuple[str, str]]] = {}
    sql = """SELECT message_id, state, error_code FROM segment
             WHERE message_id IN (SELECT value FROM json_each(?)) AND state <> ?"""
    for message_id, state, error_code in every(db, sql, (as_json(ids), SUBMITTED)):
        states.setdefault(message_id, []).append((state, error_code))
    ended = [
        reported_before(message_id, found, _taken_rows(db, message_id), now)
        for message_id, found in states.items()
    ]
    endings.end_sent(db, [ending for ending in ended if ending is not None])


def _taken_rows(db: apsw.Connection, message_id: int) -> int:
    count: int = one(db, "SELECT count(*) FROM segment WHERE message_id = ?", (message_id,))
    return count


class Orphans(msgspec.Struct, frozen=True):
    """All links but these."""

    lease: Lease
    links: tuple[str, ...]
    now: int


#: what waits after an attempt in doubt, or was in hand when the process died, and is not set aside
_MAYBE_SUBMITTED = f"""
SELECT message_id FROM message WHERE {may(Event.CLAIMED)} AND link = ?
AND (doubts > 0 OR message_id IN (SELECT value FROM json_each(?)))
AND message_id NOT IN (SELECT message_id FROM poison_message WHERE faults >= {MAX_FAULTS})
"""  # noqa: S608 - as above
_KEEP_POLICY = """
INSERT INTO in_doubt_policy (link, hold) VALUES (?, ?) ON CONFLICT (link) DO UPDATE SET hold = excluded.hold
"""
_HELD = f"SELECT message_id, state FROM message WHERE {may(Event.OWNER_LOST_HELD)}"  # noqa: S608 - as above


@operation_on_each()
def recover_orphans(db: apsw.Connection, item: Orphans) -> int:
    """End what is `sending` on links that are not there any more: what must not be repeated is marked so,
    whether or not its link returns.
    """
    ownership.check(db, [item.lease])
    return _hold(db, "link NOT IN (SELECT value FROM json_each(?))", as_json(item.links), item.now)


@operation_on_each()
def recover(db: apsw.Connection, item: Recover) -> int:
    """End what a lost owner left in `sending`, whatever the link does with doubts now: it was submitted to be
    held. Where the link did not hold them when it last ran and does now, what it may have submitted ends too.
    """
    ownership.check(db, [item.lease])
    link = item.lease.link
    known = first(db, "SELECT hold FROM in_doubt_policy WHERE link = ?", (link,))
    if known != (int(item.hold),):
        if item.hold and known is not None:
            _mark_maybe_submitted(db, item)
        db.execute(_KEEP_POLICY, (link, int(item.hold)))
    return _hold(db, "link = ?", link, item.now)


def _mark_maybe_submitted(db: apsw.Connection, item: Recover) -> None:
    rows = every(db, _MAYBE_SUBMITTED, (item.lease.link, as_json(item.in_hand)))
    ids = [message_id for (message_id,) in rows]
    refused = each_alone(db, lambda inner, some: inner.execute(_MARK, (as_array(some),)), ids)
    poison.set_aside(db, refused, item.now)


def _hold(db: apsw.Connection, whose: str, binding: str, now: int) -> int:
    lost = of_lost(every(db, f"{_HELD} AND {whose}", (binding,)), now)
    refused = [ending.message_id for ending in each_alone(db, endings.end_unsent, lost)]
    poison.set_aside(db, refused, now)
    return len(lost) - len(refused)
