"""The reads of the directory: its documents, the accounts' credit and its history; `changes.py` in `writes/`
writes them.
"""

from __future__ import annotations

from typing import Any

import apsw

from aldis.accounts.directory import Directory
from aldis.accounts.history import Change
from aldis.accounts.plan import Stored
from aldis.accounts.records import Record, snapshot
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


def version(db: apsw.Connection) -> int:
    """Give the number that grows with each change."""
    return int(one(db, "SELECT value FROM counter WHERE name = 'directory_version'"))


def load(db: apsw.Connection) -> Directory:
    """Build the directory from its rows, all of one moment."""
    db.execute("BEGIN")
    try:
        records = [
            Record(*row) for row in db.execute("SELECT kind, key, body FROM directory ORDER BY kind, key")
        ]
        account_ids = dict(db.execute("SELECT name, account_id FROM account"))
        return snapshot(version(db), records, account_ids)
    finally:
        db.execute("ROLLBACK")


def stored(db: apsw.Connection) -> Stored:
    """Give the rows themselves, all of one moment, to plan a change."""
    db.execute("BEGIN")
    try:
        rows = every(db, "SELECT kind, key, body, change_id FROM directory")
        return Stored(
            records={(kind, key): body for kind, key, body, _ in rows},
            credited=dict(every(db, "SELECT name, credited FROM account")),
            version=newest(db),
            versions={(kind, key): change_id for kind, key, _, change_id in rows},
            applied={
                (kind, key): body
                for kind, key, body in every(db, "SELECT kind, key, body FROM directory_applied")
            },
        )
    finally:
        db.execute("ROLLBACK")
