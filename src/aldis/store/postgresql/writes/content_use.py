"""Which messages need which content: the rows that keep a file from being swept."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from aldis.traffic.content import from_column


async def note(db: asyncpg.Connection, messages: Sequence[tuple[int, str]]) -> None:
    """Say which messages need which content. `messages`: ids, with their parts."""
    rows = {(part.digest, message_id) for message_id, parts in messages for part in from_column(parts)}
    if rows:
        digests, ids = zip(*sorted(rows), strict=True)
        sql = "INSERT INTO content_use (digest, message_id) SELECT * FROM unnest($1::text[], $2::bigint[])"
        await db.execute(sql, digests, ids)
