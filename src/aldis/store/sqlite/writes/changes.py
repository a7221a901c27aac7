"""The write of the directory, with its history."""

from __future__ import annotations

import apsw
import msgspec
from msgspec.structs import astuple

from aldis.accounts.history import Change
from aldis.accounts.records import ACCOUNT, CARRIER, CREDIT, AccountRecord, credit_body, newly_covered
from aldis.accounts.staff import Actor, audit
from aldis.store.contract.directory import Carrying
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import first, one
from aldis.store.sqlite.reads.directory import COLUMNS, newest
from aldis.store.sqlite.writes import auditing, consent

#: more carriers than this in one plan share an audit entry
MAX_AUDITED = 10
_VERBS = {(True, False): "add", (False, True): "remove", (False, False): "change"}


@operation_on_each()
def carry_out(db: apsw.Connection, item: Carrying) -> bool:
    """Carry out a plan but for its opt-ins; it bumps the directory's version once."""
    plan = item.plan
    if newest(db) != plan.based_on:
        return False
    many = sum(record.kind == CARRIER for record in plan.records) > MAX_AUDITED
    for record in plan.records:
        before = first(db, "SELECT body FROM directory WHERE kind = ? AND key = ?", (record.kind, record.key))
        change = _change(item, record.kind, record.key, None if before is None else before[0], record.body)
        number = _remember(db, change, item.actor, is_audited=not (many and record.kind == CARRIER))
        db.execute(
            "INSERT OR REPLACE INTO directory (kind, key, body, change_id) VALUES (?, ?, ?, ?)",
            (record.kind, record.key, record.body, number),
        )
        if record.kind == ACCOUNT:
            db.execute("INSERT OR IGNORE INTO account (name) VALUES (?)", (record.key,))
            _cover(db, None if before is None else before[0], record.body, item.now)
    for kind, key in plan.removed:
        body = one(db, "DELETE FROM directory WHERE kind = ? AND key = ? RETURNING body", (kind, key))
        _remember(db, _change(item, kind, key, body, None), item.actor)
    for said in plan.applied:
        db.execute(
            "INSERT OR REPLACE INTO directory_applied (kind, key, body) VALUES (?, ?, ?)", astuple(said)
        )
    for name, micros in plan.credited.items():
        _set_credit(db, item, name, micros)
    if many:
        count = f"{sum(record.kind == CARRIER for record in plan.records)} at once"
        auditing.write(db, audit(item.actor, item.now, "change carriers", "", count))
    if plan.lines:
        db.execute("UPDATE counter SET value = value + 1 WHERE name = 'directory_version'")
    return True


def _cover(db: apsw.Connection, before: bytes | None, after: bytes, now: int) -> None:
    """Let the opt-outs of an account count for senders that they are to cover from now on."""
    was = None if before is None else msgspec.json.decode(before, type=AccountRecord)
    account = msgspec.json.decode(after, type=AccountRecord)
    senders = [sender.value for sender in account.senders]
    for sender in newly_covered(was, account):
        consent.spread(db, senders, sender, now)


def _set_credit(db: apsw.Connection, item: Carrying, name: str, micros: int) -> None:
    before = int(one(db, "SELECT credited FROM account WHERE name = ?", (name,)))
    db.execute("UPDATE account SET credited = ? WHERE name = ?", (micros, name))
    _remember(db, _change(item, CREDIT, name, credit_body(before), credit_body(micros)), item.actor)


def _change(item: Carrying, kind: str, key: str, before: bytes | None, after: bytes | None) -> Change:
    actor = item.actor
    return Change(0, item.now, actor.name, actor.via, kind, key, before, after, item.undoes)


def _remember(db: apsw.Connection, change: Change, actor: Actor, *, is_audited: bool = True) -> int:
    """Write a change and its audit entry; gives its number."""
    sql = f"""INSERT INTO directory_history ({COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)
              RETURNING change_id"""  # noqa: S608 - columns
    number = int(one(db, sql, astuple(change)[1:]))
    if is_audited:
        verb = _VERBS[change.before is None, change.after is None]
        detail = f"change {number}" + (f", takes back {change.undoes}" if change.undoes else "")
        auditing.write(db, audit(actor, change.at, f"{verb} {change.kind}", change.key, detail))
    return number
