"""The directory's history."""

from __future__ import annotations

from typing import Any

import apsw

from aldis.accounts.history import Change
from aldis.store.sqlite.engine.rows import every, first, one

COLUMNS = "change_id, at, actor, via, kind, key, before, after, undoes"


def newest(db: apsw.Connection) -> int:
    """Give the number of the newest change; 0 for none."""
    return int(one(db, "SELECT ifnull(max(change_id), 0) FROM directory_history"))


def find(db: apsw.Connection, change_id: int) -> Change | None:
    """Give one change."""
    sql = f"SELECT {COLUMNS} FROM directory_history WHERE change_id = ?"  # noqa: S608 - columns
    row = first(db, sql, (change_id,))
    return None if row is None else Change(*row)


def history(db: apsw.Connection, kind: str, key: str, before: int, limit: int) -> list[Change]:
    """Give changes, newest first."""
    where, bindings = ["change_id < ?"], [before or 2**62, *([kind] if kind else [])]
    if kind:
        where.append("kind = ?")
    if kind and key != "*":
        where.append("key = ?")
        bindings.append(key)
    sql = f"""SELECT {COLUMNS} FROM directory_history WHERE {" AND ".join(where)}
              ORDER BY change_id DESC LIMIT ?"""  # noqa: S608 - clauses of ours
    rows: list[tuple[Any, ...]] = every(db, sql, (*bindings, limit))
    return [Change(*row) for row in rows]
