"""The writes of maintenance: end what waited too long, move what waits for a link that is down, forget what
is old. Rows that another transaction has are left to the next round, so that neither waits for the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import msgspec

from aldis.store.contract.ownership import MAINTENANCE, Lease
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.ranges import BLOCK_BITS
from aldis.store.postgresql.engine.savepoints import each_alone
from aldis.store.postgresql.writes import endings, locks, ownership
from aldis.store.rules.endings import Ending
from aldis.store.rules.maintenance import EARLY_MS, REFUSED_MS, Reviewed, look_at
from aldis.traffic.message import MAX_FAULTS
from aldis.traffic.states import State


class Expire(msgspec.Struct, frozen=True):
    """Which deadlines to look at."""

    lease: Lease
    limit: int
    now: int
    #: how long a sent message waits for its receipt
    patience_ms: int
    #: claimed by senders
    in_hand: frozenset[int]


class Move(msgspec.Struct, frozen=True):
    """One message, where it is to go, and where it may go after that: JSON."""

    message_id: int
    link: str
    backups: str


class Moves(msgspec.Struct, frozen=True):
    """Messages that leave a link together."""

    lease: Lease
    link: str
    moves: tuple[Move, ...]


class Purge(msgspec.Struct, frozen=True):
    """Messages to be forgotten, if they are as old as they were found, and owe nothing."""

    ids: tuple[int, ...]
    before: int


_DUE = f"""
SELECT message_id, link FROM queue q WHERE review_at <= $1 AND {ownership.not_anothers("q", "$3")}
ORDER BY review_at LIMIT $2
"""  # noqa: S608 - a constant
_QUEUED = f"""
SELECT q.message_id, CASE WHEN q.is_marked THEN '{State.SENDING.value}' ELSE '{State.QUEUED.value}' END,
       q.expires_at, 0, q.doubts
FROM unnest($1::bigint[], $2::text[]) due (message_id, link) JOIN queue q USING (message_id, link)
WHERE q.review_at <= $3 ORDER BY q.message_id FOR UPDATE OF q SKIP LOCKED
"""  # noqa: S608 - the table's states
_LATER = """
UPDATE queue q SET review_at = l.review_at
FROM unnest($1::bigint[], $2::bigint[]) AS l (message_id, review_at)
WHERE q.message_id = l.message_id
"""
_LINKS = """
SELECT DISTINCT link FROM (SELECT link FROM sent WHERE sent_at <= $1 ORDER BY sent_at LIMIT $2) overdue
"""
_TRY_LOCKS = """
SELECT link FROM unnest($1::text[], $2::integer[], $3::integer[]) AS l (link, kind, key)
WHERE pg_try_advisory_xact_lock_shared(kind, key)
"""
#: besides those that refused their ending
_SENT = f"""
SELECT s.message_id, '{State.SENT.value}', 0, s.sent_at, s.doubts FROM sent s
WHERE s.sent_at <= $1 AND s.link = ANY($3::text[]) AND NOT EXISTS (
    SELECT 1 FROM poison_message p WHERE p.message_id = s.message_id AND p.faults >= {MAX_FAULTS})
ORDER BY s.sent_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED
"""  # noqa: S608 - the table's states
_SET_ASIDE = f"""
INSERT INTO poison_message (message_id, link, faults, reason, failed_at)
SELECT message_id, link, {MAX_FAULTS}, 'cannot be ended', $2 FROM tracked WHERE message_id = ANY($1::bigint[])
ON CONFLICT (message_id) DO UPDATE
SET faults = EXCLUDED.faults, reason = EXCLUDED.reason, failed_at = EXCLUDED.failed_at
"""  # noqa: S608 - a number
#: the oldest have the lowest keys: what is young is not looked at
_FORGET_EARLY = """
DELETE FROM parked_receipt WHERE receipt_id IN (
    SELECT receipt_id FROM (
        SELECT receipt_id, received_at FROM parked_receipt ORDER BY receipt_id LIMIT 1000
        FOR UPDATE SKIP LOCKED
    ) oldest WHERE received_at <= $1)
"""


@operation_on_each
async def expire(db: asyncpg.Connection, item: Expire) -> int:
    """End messages whose deadline has passed; look at the others again when it may have. What is in a slot
    that another has is let be: its owner looks.
    """
    await ownership.check(db, [item.lease])
    due = [tuple(row) for row in await db.fetch(_DUE, item.now, item.limit, item.lease.holder)]
    ours = await ownership.in_reach(db, item.lease.holder, due)
    queued = await db.fetch(_QUEUED, *zip(*ours, strict=True), item.now) if ours else []
    unsent: list[Ending] = []
    later: list[tuple[int, int]] = []
    for message_id, state, *rest in queued:
        verdict = look_at(Reviewed(message_id, State(state), *rest), item.now, item.patience_ms, item.in_hand)
        if isinstance(verdict, int):
            later.append((message_id, verdict))
        else:
            unsent.append(verdict)
    keeps_all = item.lease.resource == MAINTENANCE
    sent = await _overdue(db, item, item.limit - len(due)) if keeps_all else []
    refused = await each_alone(db, endings.end_unsent, unsent)
    later += [(ending.message_id, item.now + REFUSED_MS) for ending in refused]
    refused += await each_alone(db, endings.end_sent, sent)
    if refused:
        await db.execute(_SET_ASIDE, [ending.message_id for ending in refused], item.now)
    if later:
        await db.execute(_LATER, *zip(*sorted(later), strict=True))
    if keeps_all:
        await db.execute(_FORGET_EARLY, item.now - EARLY_MS)
    return len(unsent) + len(sent) - len(refused)


async def _overdue(db: asyncpg.Connection, item: Expire, limit: int) -> list[Ending]:
    """Give the endings of sent messages whose receipt is overdue, of links that nobody records receipts of
    just now: one of these may be the receipt.
    """
    until = item.now - item.patience_ms
    found = [row[0] for row in await db.fetch(_LINKS, until, limit)] if limit > 0 else []
    if not found:
        return []
    wanted = [(link, *locks.recording(link)[:2]) for link in sorted(found)]
    links = [row[0] for row in await db.fetch(_TRY_LOCKS, *zip(*wanted, strict=True))]
    verdicts = [
        look_at(Reviewed(message_id, State(state), *rest), item.now, item.patience_ms, ())
        for message_id, state, *rest in await db.fetch(_SENT, until, limit, links)
    ]
    return [each for each in verdicts if not isinstance(each, int)]


_MOVE = """
UPDATE queue q SET link = d.link, backups = d.backups
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS d (message_id, link, backups)
WHERE q.message_id = d.message_id AND q.link = $4 AND NOT q.is_marked
"""


@operation_on_each
async def move(db: asyncpg.Connection, item: Moves) -> int:
    """Move messages that nobody has in hand here, nor will have before this is done; returns how many."""
    await ownership.check(db, [item.lease])
    ours = await ownership.in_reach(
        db, item.lease.holder, [(each.message_id, item.link) for each in item.moves]
    )
    ids = {message_id for message_id, _ in ours}
    rows = sorted(msgspec.structs.astuple(each) for each in item.moves if each.message_id in ids)
    if not rows:
        return 0
    moved = await db.execute(_MOVE, *zip(*rows, strict=True), item.link)
    return int(moved.removeprefix("UPDATE "))


#: of the messages `old`, what stands in tables that are not divided by ranges of ids
BESIDE = """keys AS (
    DELETE FROM duplicate_key k USING old o WHERE o.duplicate_scope <> '' AND k.account_id = o.account_id
        AND k.scope = o.duplicate_scope AND k.reference = o.reference AND k.message_id = o.message_id
), late AS (
    DELETE FROM late_answer l USING old o WHERE l.message_id = o.message_id
), aside AS (
    DELETE FROM poison_message p USING old o WHERE p.message_id = o.message_id
), content AS (
    DELETE FROM content_use c USING old o WHERE c.message_id = o.message_id
)"""
#: a message whose receipt comes meanwhile ends now, and stays
_FORGET = f"""
WITH gone AS (
    DELETE FROM ended e WHERE e.message_id = ANY($1::bigint[]) AND e.ended_at <= $2
        AND NOT EXISTS (SELECT 1 FROM pending_postback p WHERE p.message_id = e.message_id)
    RETURNING e.message_id
), old AS (
    SELECT m.message_id, m.account_id, m.duplicate_scope, m.reference, m.recipient
    FROM gone JOIN message m USING (message_id)
), {BESIDE}, filed AS (
    DELETE FROM message_recipient r USING old o WHERE r.block = o.message_id >> {BLOCK_BITS}
        AND r.recipient = o.recipient AND r.message_id = o.message_id
), finished AS (
    DELETE FROM told t USING old o WHERE t.message_id = o.message_id RETURNING t.postback_id
), tries AS (
    DELETE FROM postback_try t USING finished f WHERE t.postback_id = f.postback_id
), segments AS (
    DELETE FROM segment s USING old o WHERE s.message_id = o.message_id
)
DELETE FROM message m USING old o WHERE m.message_id = o.message_id RETURNING m.message_id
"""  # noqa: S608 - a number


@operation_on_each
async def purge(db: asyncpg.Connection, item: Purge) -> int:
    """Purge messages, with all that hangs on them; one whose row refuses it stays. Returns how many."""
    gone: list[int] = []

    async def write(inner: asyncpg.Connection, ids: Sequence[int]) -> None:
        gone.extend(row[0] for row in await inner.fetch(_FORGET, ids, item.before))

    await each_alone(db, write, item.ids)
    return len(gone)


class ForgetInbound(msgspec.Struct, frozen=True):
    """How many messages from handsets to look at, and since when they are old."""

    limit: int
    before: int


_OLD_INBOUND = """
SELECT i.inbound_id FROM inbound i WHERE i.received_at <= $1 AND NOT EXISTS (
    SELECT 1 FROM pending_postback p WHERE p.message_id = i.inbound_id)
ORDER BY i.inbound_id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_FORGET_INBOUND = """
WITH gone AS (
    DELETE FROM inbound WHERE inbound_id = ANY($1::bigint[]) RETURNING inbound_id
), finished AS (
    DELETE FROM told t USING gone g WHERE t.message_id = g.inbound_id RETURNING t.postback_id
), tries AS (
    DELETE FROM postback_try t USING finished f WHERE t.postback_id = f.postback_id
)
DELETE FROM content_use c USING gone g WHERE c.message_id = g.inbound_id
"""


@operation_on_each
async def forget_inbound(db: asyncpg.Connection, item: ForgetInbound) -> int:
    """Purge old messages; one that still owes a postback stays until that is done or a dead letter."""
    ids = [row[0] for row in await db.fetch(_OLD_INBOUND, item.before, item.limit)]
    refused = await each_alone(db, lambda inner, some: inner.execute(_FORGET_INBOUND, some), ids)
    return len(ids) - len(refused)
