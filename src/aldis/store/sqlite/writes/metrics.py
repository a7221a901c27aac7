"""The write of what a minute was like."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.sqlite.engine.operations import operation_on_each


class Minute(msgspec.Struct, frozen=True):
    """What a minute was like."""

    at: int
    sample: bytes
    purge_before: int


@operation_on_each()
def keep_minute(db: apsw.Connection, item: Minute) -> None:
    """Keep a minute."""
    db.execute("INSERT OR REPLACE INTO minute VALUES (?, ?)", (item.at, item.sample))
    db.execute("DELETE FROM minute WHERE at < ?", (item.purge_before,))
