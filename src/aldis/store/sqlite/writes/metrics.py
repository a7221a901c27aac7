"""The write of what a minute was like."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.sqlite.engine.operations import operation


class Minute(msgspec.Struct, frozen=True):
    """What a minute was like."""

    at: int
    sample: bytes
    purge_before: int


@operation()
def keep_minute(db: apsw.Connection, items: list[Minute]) -> list[None]:
    """Keep minutes."""
    for item in items:
        db.execute("INSERT OR REPLACE INTO minute VALUES (?, ?)", (item.at, item.sample))
        db.execute("DELETE FROM minute WHERE at < ?", (item.purge_before,))
    return [None] * len(items)
