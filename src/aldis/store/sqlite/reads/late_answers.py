"""What receipts find by the ids of late answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import apsw

from aldis.store.sqlite.engine.rows import every, of_texts


def segments_of(
    db: apsw.Connection, columns: str, link: str, names: Collection[str]
) -> list[tuple[Any, ...]]:
    """Find the segments that a carrier called so in late answers: the name, then the columns of a segment `s`
    and its message `m`.
    """
    sql = f"""SELECT a.smsc_message_id, {columns} FROM carray(?1) name CROSS JOIN late_answer a
              JOIN segment s USING (message_id, number) JOIN message m USING (message_id)
              WHERE a.link = ?2 AND a.smsc_message_id = name.value"""  # noqa: S608 - columns of the caller
    sql, bound = of_texts(sql, names)
    return every(db, sql, (bound, link))
