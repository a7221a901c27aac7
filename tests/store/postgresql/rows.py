"""Rows of messages, without what admission says of them."""

from __future__ import annotations

import asyncpg
from msgspec.structs import astuple

from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.traffic.message import NewMessage

_FIELDS = NewMessage.__struct_fields__
_COLUMNS = [name for name in _FIELDS if name != "review_at"]
_QUEUE = """
INSERT INTO queue (message_id, link, priority, due_at, expires_at, review_at, backups)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""


@operation_on_each
async def insert_messages(db: asyncpg.Connection, messages: list[NewMessage]) -> None:
    """Keep messages that wait."""
    columns = [_FIELDS.index(name) for name in _COLUMNS]
    rows = [astuple(message) for message in messages]
    records = [[row[place] for place in columns] for row in rows]
    await db.copy_records_to_table("message", records=records, columns=_COLUMNS)
    queued = [
        (m.message_id, m.link, m.priority, m.due_at, m.expires_at, m.review_at, m.backups) for m in messages
    ]
    await db.executemany(_QUEUE, queued)
