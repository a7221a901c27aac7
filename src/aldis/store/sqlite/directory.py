"""The reads and writes of the directory: its documents, the accounts' credit, opt-ins."""

from __future__ import annotations

import apsw
import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.plan import Plan, Stored
from aldis.accounts.records import ACCOUNT, Record, snapshot
from aldis.store.sqlite import consent
from aldis.store.sqlite.rows import one
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource


class Apply(msgspec.Struct, frozen=True):
    """A plan and when it was carried out."""

    plan: Plan
    now: int


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
    """Give the rows themselves, to plan a change."""
    return Stored(
        records={
            (kind, key): body for kind, key, body in db.execute("SELECT kind, key, body FROM directory")
        },
        credited=dict(db.execute("SELECT name, credited FROM account")),
    )


def apply(db: apsw.Connection, items: list[Apply]) -> list[int]:
    """Carry out plans; each bumps the version once."""
    return [_apply(db, item) for item in items]


def _apply(db: apsw.Connection, item: Apply) -> int:
    for record in item.plan.records:
        db.execute(
            "INSERT OR REPLACE INTO directory VALUES (?, ?, ?)", (record.kind, record.key, record.body)
        )
        if record.kind == ACCOUNT:
            db.execute("INSERT OR IGNORE INTO account (name) VALUES (?)", (record.key,))
    for name, micros in item.plan.credited.items():
        db.execute("UPDATE account SET credited = ? WHERE name = ?", (micros, name))
    added = 0
    for opt_ins in item.plan.opt_ins:
        wishes = tuple(
            ConsentChange(
                opt_ins.sender, opt_ins.topic, number, ConsentKind.OPT_IN, ConsentSource.FILE, "", item.now
            )
            for number in opt_ins.numbers
        )
        (changed,) = consent.change(db, [wishes])
        added += sum(changed)
    if item.plan.lines or added:
        db.execute("UPDATE counter SET value = value + 1 WHERE name = 'directory_version'")
    return added
