"""The write of answers that come after their attempt has ended in doubt.

The segment is kept as taken, so that no attempt submits it again, and what the carrier calls it, so that its
receipt counts whatever a later attempt has called it since.
"""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import Lock, locking, operation_on_each
from aldis.store.postgresql.engine.texts import all_escaped
from aldis.store.postgresql.writes import locks, receipts
from aldis.traffic.message import LateAnswer


class RecordLate(msgspec.Struct, frozen=True):
    """What a link heard late."""

    link: str
    answers: tuple[LateAnswer, ...]
    now: int


#: of messages that are still known
_RECORD = """
WITH heard AS (
    SELECT h.message_id, h.number, h.name
    FROM unnest($1::bigint[], $2::smallint[], $3::text[]) h (message_id, number, name)
        JOIN message USING (message_id)
    ORDER BY h.message_id, h.number),
taken AS (
    INSERT INTO segment (message_id, number, link, smsc_message_id, submitted_at)
    SELECT message_id, number, $4, name, $5 FROM heard ON CONFLICT DO NOTHING)
INSERT INTO late_answer (link, smsc_message_id, message_id, number)
SELECT $4, name, message_id, number FROM heard WHERE name <> '' ON CONFLICT DO NOTHING"""
#: what waits to be repeated need not wait any longer: its next claim finds that all was taken. Whoever has it
#: in hand, not knowing of that attempt, looks at its segments when it is sent. Whoever ends one of them waits
#: for us, and counts what was taken
_HAVE_DUE = """
WITH held AS (
    SELECT message_id FROM queue WHERE message_id = ANY($1::bigint[])
    ORDER BY message_id FOR NO KEY UPDATE)
UPDATE queue q SET due_at = least(q.due_at, $2), doubts = greatest(q.doubts, 1) FROM held
WHERE q.message_id = held.message_id AND NOT q.is_marked"""


def _locks(item: RecordLate) -> list[Lock]:
    return [locks.recording(item.link)]


@locking(_locks)
@operation_on_each
async def record_late(db: asyncpg.Connection, item: RecordLate) -> None:
    """Keep late answers of messages that are still known; then let receipts in that waited for them."""
    ids = [answer.message_id for answer in item.answers]
    numbers = [answer.number for answer in item.answers]
    names = all_escaped([answer.smsc_message_id for answer in item.answers])
    await db.execute(_RECORD, ids, numbers, names, item.link, item.now)
    await db.execute(_HAVE_DUE, ids, item.now)
    named = [
        (answer.message_id, answer.number, item.link, answer.smsc_message_id, item.now)
        for answer in item.answers
        if answer.smsc_message_id
    ]
    await receipts.match_early(db, item.link, named, item.now)
