"""The reads and writes of the directory: its documents, the accounts' credit, opt-ins."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import apsw
import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.plan import Plan, Stored
from aldis.accounts.records import ACCOUNT, Record, snapshot
from aldis.store.sqlite.rows import one
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource

#: opt-ins that one transaction writes
CHUNK = 500


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


def apply(db: apsw.Connection, items: list[Apply]) -> list[None]:
    """Carry out plans but for their opt-ins; each bumps the version once."""
    for item in items:
        _apply(db, item)
    return [None] * len(items)


def _apply(db: apsw.Connection, item: Apply) -> None:
    for record in item.plan.records:
        db.execute(
            "INSERT OR REPLACE INTO directory VALUES (?, ?, ?)", (record.kind, record.key, record.body)
        )
        if record.kind == ACCOUNT:
            db.execute("INSERT OR IGNORE INTO account (name) VALUES (?)", (record.key,))
    for name, micros in item.plan.credited.items():
        db.execute("UPDATE account SET credited = ? WHERE name = ?", (micros, name))
    if item.plan.lines:
        db.execute("UPDATE counter SET value = value + 1 WHERE name = 'directory_version'")


def opt_ins_of(plan: Plan, now: int) -> Iterator[tuple[ConsentChange, ...]]:
    """Give the opt-ins of a plan, a few at a time."""
    wishes = (
        ConsentChange(opt_ins.sender, opt_ins.topic, number, ConsentKind.OPT_IN, ConsentSource.FILE, "", now)
        for opt_ins in plan.opt_ins
        for number in opt_ins.numbers
    )
    while chunk := tuple(islice(wishes, CHUNK)):
        yield chunk
