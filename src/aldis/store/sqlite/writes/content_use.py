"""Which messages need which content: the rows that keep a file from being swept."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from aldis.store.sqlite.engine.rows import for_each
from aldis.traffic.content import from_column


def note(db: apsw.Connection, messages: Sequence[tuple[int, str]]) -> None:
    """Say which messages need which content. `messages`: ids, with their parts as kept."""
    rows = [
        (digest, message_id)
        for message_id, parts in messages
        for digest in dict.fromkeys(part.digest for part in from_column(parts))
    ]
    if rows:
        for_each(db, "INSERT INTO content_use (digest, message_id) VALUES {rows}", rows)
