"""The write of the directory, with its history."""

from __future__ import annotations

import apsw
from msgspec.structs import astuple

from aldis.accounts.history import Change
from aldis.accounts.plan import Plan
from aldis.accounts.records import ACCOUNT
from aldis.store.contract.directory import Carrying
from aldis.store.rules.changes import changes_of, entries_of, newly_covered_by
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import first, one
from aldis.store.sqlite.reads.directory import COLUMNS, newest
from aldis.store.sqlite.writes import auditing, consent

_PUT = "INSERT OR REPLACE INTO directory (kind, key, body, change_id) VALUES (?, ?, ?, ?)"
_SAID = "INSERT OR REPLACE INTO directory_applied (kind, key, body) VALUES (?, ?, ?)"


@operation_on_each()
def carry_out(db: apsw.Connection, item: Carrying) -> bool:
    """Carry out a plan but for its opt-ins; it bumps the directory's version once."""
    plan = item.plan
    if newest(db) != plan.based_on:
        return False
    places = (*(record.place for record in plan.records), *plan.removed)
    bodies = {place: body for place in places if (body := _body(db, place)) is not None}
    credited = _accounts(db, plan)
    changes = changes_of(item, bodies, credited)
    numbers = [_remember(db, change) for change in changes]
    for record, number in zip(plan.records, numbers, strict=False):  # they are the first
        db.execute(_PUT, (*record.place, record.body, number))
    for place in plan.removed:
        db.execute("DELETE FROM directory WHERE kind = ? AND key = ?", place)
    for said in plan.applied:
        db.execute(_SAID, astuple(said))
    for name, micros in plan.credited.items():
        db.execute("UPDATE account SET credited = ? WHERE name = ?", (micros, name))
    for senders, sender in newly_covered_by(item, bodies):
        consent.spread(db, senders, sender, item.now)
    for entry in entries_of(item, changes, numbers):
        auditing.write(db, entry)
    if plan.lines:
        db.execute("UPDATE counter SET value = value + 1 WHERE name = 'directory_version'")
    return True


def _accounts(db: apsw.Connection, plan: Plan) -> dict[str, int]:
    """Make accounts that are new; gives what was ever paid in, of those whose credit changes."""
    for record in plan.records:
        if record.kind == ACCOUNT:
            db.execute("INSERT OR IGNORE INTO account (name) VALUES (?)", (record.key,))
    sql = "SELECT credited FROM account WHERE name = ?"
    return {name: int(one(db, sql, (name,))) for name in plan.credited}


def _body(db: apsw.Connection, place: tuple[str, str]) -> bytes | None:
    row = first(db, "SELECT body FROM directory WHERE kind = ? AND key = ?", place)
    return None if row is None else row[0]


def _remember(db: apsw.Connection, change: Change) -> int:
    """Write a change; gives its number."""
    sql = f"""INSERT INTO directory_history ({COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)
              RETURNING change_id"""  # noqa: S608 - columns
    return int(one(db, sql, astuple(change)[1:]))
