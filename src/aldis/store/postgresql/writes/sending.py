"""The writes of sending: mark, record results, recover; with the money and postbacks that results bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import asyncpg
import msgspec

from aldis.errors import TransitionRefused
from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.engine.columns import columns_of
from aldis.store.postgresql.engine.operations import Lock, locking, operation, operation_on_each
from aldis.store.postgresql.engine.savepoints import each_alone
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.reads.claiming import states_of
from aldis.store.postgresql.writes import endings, locks, owing, ownership, poison, purses, receipts
from aldis.store.rules.attempts import Requeued, led_to, reported_before
from aldis.store.rules.endings import of_lost
from aldis.traffic.matching import SUBMITTED
from aldis.traffic.message import MAX_FAULTS, AttemptResult
from aldis.traffic.postback import Notify, PostbackEvent
from aldis.traffic.receipt import ReceiptState
from aldis.traffic.slots import SLOTS
from aldis.traffic.states import Event, State


class RecordResults(msgspec.Struct, frozen=True):
    """What a link has to tell."""

    leases: tuple[Lease, ...]
    link: str
    results: tuple[AttemptResult, ...]
    now: int


class Recover(msgspec.Struct, frozen=True):
    """Slots of a link whose last owner is gone."""

    leases: tuple[Lease, ...]
    #: what is in doubt must not be repeated
    hold: bool
    #: what a process that died had in hand, of these slots and others
    in_hand: tuple[int, ...]
    now: int


class Orphans(msgspec.Struct, frozen=True):
    """All links but these."""

    lease: Lease
    links: tuple[str, ...]
    now: int


class Mark(msgspec.Struct, frozen=True):
    """What is about to be submitted."""

    leases: tuple[Lease, ...]
    message_ids: tuple[int, ...]


_MARK = "UPDATE queue SET is_marked = true WHERE message_id = ANY ($1::bigint[]) AND NOT is_marked"


@operation()
async def mark(db: asyncpg.Connection, items: list[Mark]) -> list[None]:
    """Write `sending` before anything is on the wire."""
    await ownership.check(db, [lease for item in items for lease in item.leases])
    ids = sorted(message_id for item in items for message_id in item.message_ids)
    if await db.execute(_MARK, ids) != f"UPDATE {len(ids)}":
        raise TransitionRefused("a message is marked that does not wait to be sent")
    return [None] * len(items)


def _locks(item: RecordResults) -> list[Lock]:
    return [locks.recording(item.link)]


_FREED = "SELECT account_id, -sum(price), sum(price) FROM facts GROUP BY account_id"
_NEWS = f"""
SELECT message_id, lane, '{PostbackEvent.SENT.value}', '{State.SENT.value}', '', at FROM facts
WHERE notify & {Notify.SENT.value} <> 0"""  # noqa: S608 - the table's states
#: in this order, as who hears late answers: leases, segments, messages, money. What an earlier attempt has
#: delivered stays so
_TAKE = f"""
WITH held AS ({ownership.HELD}), taken AS (
    INSERT INTO segment AS s (message_id, number, link, smsc_message_id, submitted_at)
    SELECT * FROM unnest($3::bigint[], $4::smallint[], $5::text[], $6::text[], $7::bigint[])
        AS t (message_id, number, link, name, at)
    WHERE (SELECT count(*) FROM held) >= 0
    ON CONFLICT (message_id, number) DO UPDATE
    SET link = EXCLUDED.link, smsc_message_id = EXCLUDED.smsc_message_id,
        submitted_at = EXCLUDED.submitted_at,
        state = CASE s.state WHEN '{ReceiptState.DELIVERED.value}' THEN s.state ELSE '{SUBMITTED}' END,
        error_code = '',
        receipt_at = CASE s.state WHEN '{ReceiptState.DELIVERED.value}' THEN s.receipt_at ELSE 0 END
    WHERE s.smsc_message_id <> EXCLUDED.smsc_message_id OR s.link <> EXCLUDED.link
    RETURNING 1
), gone AS (
    DELETE FROM queue q USING unnest($8::bigint[], $9::bigint[]) AS s (message_id, at)
    WHERE (SELECT count(*) FROM taken) >= 0 AND q.message_id = s.message_id
    RETURNING q.message_id, q.link, s.at, q.attempts + 1 AS attempts, q.doubts
), moved AS (
    INSERT INTO sent (message_id, link, sent_at, attempts, doubts) SELECT * FROM gone
), facts AS MATERIALIZED (
    SELECT m.message_id, m.account_id, m.lane, m.notify, m.price_micros * m.segments AS price, g.at,
        m.segments > 1 OR g.doubts > 0 AS may_have_ended
    FROM gone g JOIN message m USING (message_id)
), settled AS ({purses.settling(_FREED)}), owed AS ({owing.owing(_NEWS)})
SELECT count(*), bool_or(may_have_ended), (SELECT count(*) FROM held),
    (SELECT array_agg(postback_id) FROM owed),
    EXISTS (SELECT 1 FROM parked_receipt WHERE link = ANY($5::text[]))
FROM facts
"""  # noqa: S608 - the table's states

#: by message and number: link, as that called it, when
Segments = Mapping[tuple[int, int], tuple[str, str, int]]


class TakenSegments(NamedTuple):
    """What is known of what was written down as taken."""

    #: of some message a segment may be reported on already
    may_have_ended: bool
    #: receipts wait for segments of one of the links
    has_early: bool


#: a receipt often comes with the response that names its segment: results first, or it is early
@locking(_locks)
@operation(rank=1)
async def record_results(db: asyncpg.Connection, items: list[RecordResults]) -> list[None]:
    """Write outcomes."""
    leases = [lease for item in items for lease in item.leases]
    # of one segment that several results name the last counts
    segments: Segments = {
        (result.message_id, segment.number): (item.link, segment.smsc_message_id, item.now)
        for item in items
        for result in item.results
        for segment in result.submitted
    }
    sent: list[tuple[int, int]] = []
    others: list[tuple[list[AttemptResult], int]] = []
    for item in items:
        accepted = [r.message_id for r in item.results if r.event is Event.SUBMIT_ACCEPTED]
        sent += [(message_id, item.now) for message_id in accepted]
        if len(accepted) < len(item.results):
            others.append(([r for r in item.results if r.event is not Event.SUBMIT_ACCEPTED], item.now))
    if not others:
        taken = await _take(db, leases, segments, sent)
    else:  # what they end is paid as far as it was taken
        before = await _take(db, leases, segments, [])
        for results, now in others:
            await _record_others(db, results, now)
        taken = TakenSegments(may_have_ended=True, has_early=before.has_early)
        if sent:
            await _take(db, leases, {}, sent)
    if sent and (taken.may_have_ended or len(segments) < len(sent)):
        await _end_reported(db, dict(sent))
    if taken.has_early:
        await _match_early(db, segments)
    return [None] * len(items)


async def _take(
    db: asyncpg.Connection, leases: Sequence[Lease], segments: Segments, sent: Sequence[tuple[int, int]]
) -> TakenSegments:
    """Keep what carriers took, and call messages (id, instant) `sent`: spend their holds, owe the postbacks
    that say so. Raises LeaseLost, and TransitionRefused where they do not all wait to be sent, each once.
    """
    owned = {(lease.resource, lease.epoch) for lease in leases}
    rows = [(*place, link, escaped(name), at) for place, (link, name, at) in sorted(segments.items())]
    bindings = (*columns_of(owned, 2), *columns_of(rows, 5), *columns_of(sorted(sent), 2))
    ((count, may_have_ended, held, owed, has_early),) = await db.fetch(_TAKE, *bindings)
    if held < len(owned):
        await ownership.check(db, leases)
    if count < len(sent):
        raise TransitionRefused("a message is called sent that does not wait to be sent")
    owing.note_free(owed or ())
    return TakenSegments(bool(may_have_ended), has_early)


async def _match_early(db: asyncpg.Connection, segments: Segments) -> None:
    """Let receipts in that were waiting for these segments."""
    by_link: dict[str, list[tuple[int, int, str, str, int]]] = {}
    for place, (link, name, at) in segments.items():
        by_link.setdefault(link, []).append((*place, link, name, at))
    for link, named in sorted(by_link.items()):
        await receipts.match_early(db, link, named, max(at for *_, at in named))


_REQUEUE = f"""
UPDATE queue q
SET is_marked = again.state = '{State.SENDING.value}', reason = again.reason,
    attempts = q.attempts + again.tried, doubts = q.doubts + again.doubted,
    due_at = CASE again.tried WHEN 1 THEN again.due_at ELSE least(q.due_at, again.due_at) END
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::smallint[], $7::smallint[])
    again (message_id, expected, state, due_at, reason, tried, doubted)
WHERE q.message_id = again.message_id AND q.is_marked = (again.expected = '{State.SENDING.value}')
"""  # noqa: S608 - the table's states
_LOCK = "SELECT 1 FROM queue WHERE message_id = ANY ($1::bigint[]) ORDER BY message_id FOR UPDATE"
_REPORTED = f"""
SELECT s.message_id, s.state, s.error_code,
       (SELECT count(*) FROM segment o WHERE o.message_id = s.message_id)
FROM segment s WHERE s.message_id = ANY ($1::bigint[]) AND s.state <> '{SUBMITTED}'
"""  # noqa: S608 - a constant


async def _record_others(db: asyncpg.Connection, results: list[AttemptResult], now: int) -> None:
    """Requeue or end messages that the carrier did not take whole."""
    ids = [result.message_id for result in results]
    await db.execute(_LOCK, ids)
    again, ended = led_to(results, await states_of(db, ids), now)
    while again:  # each message once in a statement
        once = {each.message_id: each for each in reversed(again)}
        await _requeue(db, [once[message_id] for message_id in sorted(once)])
        again = [each for each in again if once[each.message_id] is not each]
    await endings.end_unsent(db, ended)


async def _requeue(db: asyncpg.Connection, again: Sequence[Requeued]) -> None:
    rows = [each._replace(reason=escaped(each.reason)) for each in again]
    await db.execute(_REQUEUE, *zip(*rows, strict=True))


async def _end_reported(db: asyncpg.Connection, sent: Mapping[int, int]) -> None:
    """End messages whose ending was reported before they were called sent: a segment failed while others were
    still to be sent, or all were delivered that had been named late. `sent`: when, by message.
    """
    found: dict[int, list[tuple[str, str]]] = {}
    counts: dict[int, int] = {}
    for message_id, state, error_code, count in await db.fetch(_REPORTED, list(sent)):
        found.setdefault(message_id, []).append((state, unescaped(error_code)))
        counts[message_id] = count
    ended = [
        reported_before(message_id, states, counts[message_id], sent[message_id])
        for message_id, states in found.items()
    ]
    await endings.end_sent(db, [ending for ending in ended if ending is not None])


#: what waits after an attempt in doubt, or was in hand when the process died, and is not set aside
_MAYBE_SUBMITTED = f"""
SELECT q.message_id FROM queue q
WHERE NOT q.is_marked AND q.link = $1 AND q.message_id % {SLOTS} = ANY ($2::integer[])
    AND (q.doubts > 0 OR q.message_id = ANY ($3::bigint[]))
    AND NOT EXISTS (
        SELECT 1 FROM poison_message p WHERE p.message_id = q.message_id AND p.faults >= {MAX_FAULTS})
ORDER BY q.message_id FOR UPDATE OF q
"""  # noqa: S608 - numbers
#: each slot's, under its resource in place of the link: one may be recovered without the others
_POLICIES = "SELECT link, hold FROM in_doubt_policy WHERE link = ANY ($1::text[])"
_KEEP_POLICY = """
INSERT INTO in_doubt_policy (link, hold) SELECT resource, $2 FROM unnest($1::text[]) AS resource
ON CONFLICT (link) DO UPDATE SET hold = EXCLUDED.hold"""
_HELD_OF = f"""
SELECT message_id FROM queue WHERE is_marked AND link = $1 AND message_id % {SLOTS} = ANY ($2::integer[])
ORDER BY message_id FOR UPDATE"""  # noqa: S608 - a number
_HELD_OF_OTHERS = f"""
SELECT message_id, link FROM queue q WHERE is_marked AND link <> ALL ($1::text[])
    AND {ownership.not_anothers("q", "$2")}"""  # noqa: S608 - a constant


@operation_on_each
async def recover_orphans(db: asyncpg.Connection, item: Orphans) -> int:
    """End what is `sending` on links that are not there any more, in slots that no other has: what must
    not be repeated is marked so, whether or not its link returns.
    """
    await ownership.check(db, [item.lease])
    held = [tuple(row) for row in await db.fetch(_HELD_OF_OTHERS, item.links, item.lease.holder)]
    ours = await ownership.in_reach(db, item.lease.holder, held)
    return await _hold(db, [message_id for message_id, _ in ours], item.now)


@operation_on_each
async def recover(db: asyncpg.Connection, item: Recover) -> int:
    """End what a lost owner left in `sending`, whatever the link does with doubts now: it was submitted to be
    held. Where the link did not hold them when it last ran and does now, what it may have submitted ends too.
    """
    await ownership.check(db, item.leases)
    link, slots = item.leases[0].link, [lease.slot for lease in item.leases]
    known = dict(map(tuple, await db.fetch(_POLICIES, [lease.resource for lease in item.leases])))
    changed = [lease for lease in item.leases if known.get(lease.resource) != item.hold]
    if changed:
        if item.hold:
            turned = [lease.slot for lease in changed if lease.resource in known]
            await _mark_maybe_submitted(db, link, turned, item)
        await db.execute(_KEEP_POLICY, [lease.resource for lease in changed], item.hold)
    return await _hold(db, [row[0] for row in await db.fetch(_HELD_OF, link, slots)], item.now)


async def _mark_maybe_submitted(
    db: asyncpg.Connection, link: str, slots: Sequence[int], item: Recover
) -> None:
    rows = await db.fetch(_MAYBE_SUBMITTED, link, slots, item.in_hand)
    refused = await each_alone(db, lambda inner, some: inner.execute(_MARK, some), [row[0] for row in rows])
    await poison.set_aside(db, refused, item.now)


async def _hold(db: asyncpg.Connection, message_ids: Sequence[int], now: int) -> int:
    lost = of_lost([(message_id, State.SENDING) for message_id in message_ids], now)
    refused = [ending.message_id for ending in await each_alone(db, endings.end_unsent, lost)]
    await poison.set_aside(db, refused, now)
    return len(lost) - len(refused)
