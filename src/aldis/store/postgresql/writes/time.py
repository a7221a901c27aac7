"""The writes about time: that it is now, that an operator agrees, and what follows when it was set back."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.writes import auditing

#: counters that are instants: when a write was taken; when, by a clock that was believed; when an operator
#: said that the clock is right
PULSE_AT, BELIEVED_AT, AGREED_AT = "pulse_at", "believed_at", "clock_agreed_at"


class Pulse(msgspec.Struct, frozen=True):
    """That it is now."""

    now: int
    is_believed: bool


class Agreement(msgspec.Struct, frozen=True):
    """That an operator says that it is now."""

    now: int
    entry: AuditEntry


class MakeDue(msgspec.Struct, frozen=True):
    """The clock was set back."""

    limit: int
    now: int
    #: nothing waits longer to be tried again
    longest_wait_ms: int


_SET = """
INSERT INTO counter (name, value) SELECT name, $2 FROM unnest($1::text[]) AS name ORDER BY name
ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value
"""
#: what is due at once was due when it was accepted; what was asked for later, and was not tried yet, stays.
#: Validity and review come with it: both were counted from the same instant. What is in doubt may wait longer
#: than others, by what its link waits for answers. What another transaction has is left to the next call.
_MESSAGES = """
WITH late AS (
    SELECT q.message_id, CASE WHEN q.attempts = 0 THEN q.due_at - $1 ELSE 0 END AS early
    FROM queue q JOIN message m ON m.message_id = q.message_id
    WHERE NOT q.is_marked AND q.due_at > $1 AND CASE WHEN q.attempts = 0 THEN q.due_at <= m.accepted_at
        ELSE q.due_at > $1 + CASE WHEN q.doubts = 0 THEN $3::bigint ELSE $3 * 10 END END
    LIMIT $2 FOR UPDATE OF q SKIP LOCKED
)
UPDATE queue q SET due_at = $1, expires_at = q.expires_at - late.early, review_at = q.review_at - late.early
FROM late WHERE q.message_id = late.message_id RETURNING 1
"""
#: a first try is always due at once; a later one keeps its distance from the try before
_POSTBACKS = """
WITH late AS (
    SELECT postback_id FROM pending_postback
    WHERE due_at > $1 AND (attempts = 0 OR last_tried_at > $1) LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE pending_postback p
SET due_at = $1 + CASE WHEN p.attempts = 0 THEN 0 ELSE p.due_at - p.last_tried_at END,
    last_tried_at = least(p.last_tried_at, $1)
FROM late WHERE p.postback_id = late.postback_id RETURNING 1
"""


@operation_on_each
async def pulse(db: asyncpg.Connection, item: Pulse) -> None:
    """Write down an instant at which writes were taken."""
    await db.execute(_SET, [PULSE_AT, BELIEVED_AT] if item.is_believed else [PULSE_AT], item.now)


@operation_on_each
async def agree(db: asyncpg.Connection, item: Agreement) -> None:
    """Write down what an operator says."""
    await db.execute(_SET, [AGREED_AT], item.now)
    await auditing.note(db, [item.entry])


@operation_on_each
async def make_due(db: asyncpg.Connection, item: MakeDue) -> int:
    """Have due now what a clock that was set back would let wait; returns how many."""
    messages = await db.fetch(_MESSAGES, item.now, item.limit, item.longest_wait_ms)
    postbacks = await db.fetch(_POSTBACKS, item.now, item.limit)
    return len(messages) + len(postbacks)
