"""The reads of the directory: its documents and the accounts' credit; `changes.py` writes them."""

from __future__ import annotations

import apsw

from aldis.accounts.directory import Directory
from aldis.accounts.plan import Stored
from aldis.accounts.records import Record, snapshot
from aldis.store.sqlite.engine.rows import every, one
from aldis.store.sqlite.reads.changes import newest


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
        )
    finally:
        db.execute("ROLLBACK")
