"""The write of answers that come after their attempt has ended in doubt.

The segment is kept as taken, so that no attempt submits it again, and what the carrier calls it, so that its
receipt counts whatever a later attempt has called it since.
"""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import as_array, every, for_each, may
from aldis.store.sqlite.writes import receipts
from aldis.traffic.message import LateAnswer
from aldis.traffic.states import Event


class RecordLate(msgspec.Struct, frozen=True):
    """What a link heard late."""

    link: str
    answers: tuple[LateAnswer, ...]
    now: int


_KEEP = "INSERT OR IGNORE INTO late_answer (message_id, number, smsc_message_id, link) VALUES {rows}"
_TAKEN = """
INSERT OR IGNORE INTO segment (message_id, number, link, smsc_message_id, submitted_at) VALUES {rows}
"""
#: what waits to be repeated need not wait any longer: its next claim finds that all was taken. Whoever has it
#: in hand, not knowing of that attempt, looks at its segments when it is sent
_DUE = f"""
UPDATE message SET due_at = min(due_at, ?), doubts = max(doubts, 1)
WHERE message_id IN (SELECT value FROM carray(?)) AND {may(Event.CLAIMED)}
"""  # noqa: S608 - the table's states


@operation()
def record_late(db: apsw.Connection, items: list[RecordLate]) -> list[None]:
    """Keep late answers of messages that are still known; then let receipts in that waited for them."""
    for item in items:
        _record(db, item)
    return [None] * len(items)


def _record(db: apsw.Connection, item: RecordLate) -> None:
    ids = [answer.message_id for answer in item.answers]
    sql = "SELECT message_id FROM carray(?) asked CROSS JOIN message WHERE message_id = asked.value"
    known = {message_id for (message_id,) in every(db, sql, (as_array(ids),))}
    segments = [
        (answer.message_id, answer.number, item.link, answer.smsc_message_id, item.now)
        for answer in item.answers
        if answer.message_id in known
    ]
    for_each(db, _TAKEN, segments)
    for_each(
        db, _KEEP, [(message, number, name, link) for message, number, link, name, _ in segments if name]
    )
    db.execute(_DUE, (item.now, as_array(sorted(known))))
    receipts.match_early(db, item.link, [each for each in segments if each[3]], item.now)
