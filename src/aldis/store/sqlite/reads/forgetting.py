"""Reads beside the writer what retention is about to change far apart in the file.

References, numbers and a carrier's ids come in no order, so the entries of 200 messages that lie side by side
lie in some 200 pages of each index, and those of old messages are in nobody's memory. A transaction that
deletes them waited for the disk, with everybody else behind it, and took three times as long as where they
had been read before (docs/decisions/0018-message-search.md).
"""

from __future__ import annotations

import apsw

from aldis.store.sqlite.engine.rows import as_json, every
from aldis.store.sqlite.reads.recipients import BLOCK_BITS

_OLD = """
SELECT message_id FROM (
    SELECT message_id, accepted_at FROM message WHERE message_id > ? ORDER BY message_id LIMIT ?
) WHERE accepted_at <= ?
"""
_FAR_APART = (
    """SELECT count(*) FROM json_each(?) asked CROSS JOIN message old ON old.message_id = asked.value
    CROSS JOIN message m INDEXED BY message_reference
    ON m.reference = old.reference AND m.message_id = old.message_id""",
    f"""SELECT count(*) FROM json_each(?) asked CROSS JOIN message old ON old.message_id = asked.value
    CROSS JOIN message_recipient r ON r.block = old.message_id >> {BLOCK_BITS}
    AND r.recipient = old.recipient AND r.message_id = old.message_id""",  # noqa: S608 - a number
    """SELECT count(*) FROM json_each(?) asked CROSS JOIN segment old ON old.message_id = asked.value
    CROSS JOIN segment s INDEXED BY segment_smsc ON s.link = old.link
    AND s.smsc_message_id = old.smsc_message_id AND s.message_id = old.message_id""",
)


def read_ahead(db: apsw.Connection, limit: int, before: int, after: int) -> bool:
    """Have the system read what a purge of these messages will change; tells whether there is any that was
    accepted before that instant. The arguments are `MaintenanceStore.purge`'s.
    """
    ids = [message_id for (message_id,) in every(db, _OLD, (after, limit, before))]
    if ids:
        for sql in _FAR_APART:
            every(db, sql, (as_json(ids),))
    return bool(ids)
