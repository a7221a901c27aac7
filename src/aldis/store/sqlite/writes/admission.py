"""The writes of admission: ids, acceptance with its hold and duplicate keys."""

from __future__ import annotations

from typing import Any

import apsw
from msgspec.structs import astuple

from aldis.store.contract.admission import Acceptance
from aldis.store.sqlite.engine.operations import operation, operation_on_each
from aldis.store.sqlite.engine.rows import as_json, every, first, for_each, of_texts, one
from aldis.store.sqlite.writes import auditing, content_use, recipients
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal, RefusalReason

#: the columns behind these are at their defaults in most messages
_COMMON = NewMessage.__struct_fields__.index("label")
_PARTS = NewMessage.__struct_fields__.index("parts")


def _insert(columns: tuple[str, ...]) -> str:
    return f"INSERT INTO message ({', '.join(columns)}) VALUES {{rows}}"  # noqa: S608 - the columns are constants


_INSERT, _INSERT_COMMON = (
    _insert(NewMessage.__struct_fields__),
    _insert(NewMessage.__struct_fields__[:_COMMON]),
)


@operation_on_each()
def take_ids(db: apsw.Connection, count: int) -> range:
    """Reserve a block of ids."""
    sql = "UPDATE counter SET value = value + ? WHERE name = 'next_id' RETURNING value - ?"
    first = one(db, sql, (count, count))
    return range(first, first + count)


@operation()
def accept(db: apsw.Connection, acceptances: list[Acceptance]) -> list[Refusal | None]:
    """Store each submission whole or not at all."""
    holds, duplicates = CreditHolds(db), DuplicateCheck(db, acceptances)
    opt_outs = _OptOuts(db, acceptances)
    answers: list[Refusal | None] = []
    rows: list[tuple[Any, ...]] = []
    for acceptance in acceptances:
        refusal = (
            opt_outs.find(acceptance) or duplicates.find_duplicate(acceptance) or _hold(holds, acceptance)
        )
        answers.append(refusal)
        if refusal is None:
            duplicates.remember(acceptance)
            rows += map(astuple, acceptance.messages)
            if acceptance.entry is not None:
                auditing.write(db, acceptance.entry)
    if any(any(row[_COMMON:]) for row in rows):
        for_each(db, _INSERT, rows)
        content_use.note(db, [(row[0], row[_PARTS]) for row in rows if row[_PARTS]])
    else:
        for_each(db, _INSERT_COMMON, [row[:_COMMON] for row in rows])
    holds.write()
    recipients.file_late(db, rows)
    return answers


def judge(db: apsw.Connection, acceptance: Acceptance) -> Refusal | None:
    """Judge one submission as `accept` does, on any connection, writing nothing."""
    return (
        _OptOuts(db, [acceptance]).find(acceptance)
        or DuplicateCheck(db, [acceptance]).find_duplicate(acceptance)
        or _hold(CreditHolds(db), acceptance)
    )


def available(db: apsw.Connection, account_id: int) -> int:
    """Give what an account may still hold, in millionths."""
    sql = "SELECT credited - held - spent FROM account WHERE account_id = ?"
    return int(one(db, sql, (account_id,)))


class _OptOuts:
    """Who of one batch has opted out: looked up once for all of it, and not at all where nobody has."""

    def __init__(self, db: apsw.Connection, acceptances: list[Acceptance]) -> None:
        self._blocked: set[tuple[str, str]] = set()
        if first(db, "SELECT 1 FROM opt_out LIMIT 1") is None:
            return
        pairs = {
            (message.sender, message.recipient)
            for acceptance in acceptances
            for message in acceptance.messages
            if not message.exempt
        }
        sql = """SELECT o.sender, o.msisdn FROM json_each(?) asked CROSS JOIN opt_out o
                 WHERE o.sender = asked.value ->> 0 AND o.msisdn = asked.value ->> 1"""
        self._blocked.update(every(db, sql, (as_json(pairs),)))

    def find(self, acceptance: Acceptance) -> Refusal | None:
        """Refuse a submission that is for any of them."""
        if not self._blocked:
            return None
        for message in acceptance.messages:
            if not message.exempt and (message.sender, message.recipient) in self._blocked:
                return Refusal(RefusalReason.OPTED_OUT, value=message.recipient)
        return None


def _hold(holds: CreditHolds, acceptance: Acceptance) -> Refusal | None:
    price = 0
    for message in acceptance.messages:
        price += message.price_micros * message.segments
    return holds.hold(acceptance.account_id, price, is_prepaid=acceptance.prepaid)


class CreditHolds:
    """The money of the accounts in one batch: read once, checked for each submission, written once."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._available: dict[int, int] = {}
        self._held: dict[int, int] = {}

    def hold(self, account_id: int, price: int, *, is_prepaid: bool) -> Refusal | None:
        """Hold a price, or refuse what the balance does not cover."""
        if account_id not in self._available:
            self._available[account_id] = available(self._db, account_id)
        if is_prepaid and price > self._available[account_id]:
            return Refusal(RefusalReason.CREDIT_INSUFFICIENT)
        self._available[account_id] -= price
        self._held[account_id] = self._held.get(account_id, 0) + price
        return None

    def write(self) -> None:
        """Note what is held."""
        moved = [(held, account_id) for account_id, held in self._held.items() if held]
        self._db.executemany("UPDATE account SET held = held + ? WHERE account_id = ?", moved)


#: account, scope, reference
_Key = tuple[int, str, str]


class DuplicateCheck:
    """Which references of one batch are taken: looked up once for all of it."""

    def __init__(self, db: apsw.Connection, acceptances: list[Acceptance]) -> None:
        references = {
            message.reference
            for acceptance in acceptances
            for message in acceptance.messages
            if message.duplicate_scope
        }
        self._taken: set[_Key] = set()
        if references:
            sql = """SELECT account_id, duplicate_scope, reference FROM carray(?) asked CROSS JOIN message
                     WHERE reference = asked.value AND duplicate_scope <> ''"""
            sql, asked = of_texts(sql, references)
            self._taken.update(every(db, sql, (asked,)))

    def find_duplicate(self, acceptance: Acceptance) -> Refusal | None:
        """Refuse what repeats a message of the store, of this batch, or itself."""
        own: set[_Key] = set()
        for message in acceptance.messages:
            if message.duplicate_scope:
                key = (message.account_id, message.duplicate_scope, message.reference)
                if key in self._taken or key in own:
                    return Refusal(RefusalReason.DUPLICATE, value=message.reference)
                own.add(key)
        return None

    def remember(self, acceptance: Acceptance) -> None:
        """Take the references of an accepted submission."""
        for message in acceptance.messages:
            if message.duplicate_scope:
                self._taken.add((message.account_id, message.duplicate_scope, message.reference))
