"""The writes of admission: ids, acceptance with its hold and duplicate keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import apsw
from msgspec.structs import astuple

from aldis.store.contract.admission import Acceptance
from aldis.store.rules.admission import CreditHolds, DuplicateCheck, OptOuts, pairs_of
from aldis.store.sqlite.engine.operations import operation, operation_on_each
from aldis.store.sqlite.engine.rows import as_json, every, first, for_each, of_texts, one, whole
from aldis.store.sqlite.writes import auditing, content_use, recipients
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal

#: the columns behind these are at their defaults in most messages
_COMMON = NewMessage.__struct_fields__.index("label")
_PARTS = NewMessage.__struct_fields__.index("parts")


def _insert(columns: tuple[str, ...]) -> str:
    return f"INSERT INTO message ({', '.join(columns)}) VALUES {{rows}}"  # noqa: S608 - the columns are constants


INSERT, _INSERT_COMMON = (
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
    holds, duplicates = holds_of(db), duplicates_of(db, acceptances)
    opt_outs = opt_outs_of(db, acceptances)
    answers: list[Refusal | None] = []
    rows: list[tuple[Any, ...]] = []
    for acceptance in acceptances:
        refusal = (
            opt_outs.find(acceptance) or duplicates.find_duplicate(acceptance) or holds.hold_for(acceptance)
        )
        answers.append(refusal)
        if refusal is None:
            duplicates.remember(acceptance)
            rows += map(astuple, acceptance.messages)
            if acceptance.entry is not None:
                auditing.write(db, acceptance.entry)
    if any(any(row[_COMMON:]) for row in rows):
        for_each(db, INSERT, rows)
        content_use.note(db, [(row[0], row[_PARTS]) for row in rows if row[_PARTS]])
    else:
        for_each(db, _INSERT_COMMON, [row[:_COMMON] for row in rows])
    write_holds(db, holds)
    recipients.file_late(db, rows)
    return answers


def judge(db: apsw.Connection, acceptance: Acceptance) -> Refusal | None:
    """Judge one submission as `accept` does, on any connection, writing nothing."""
    return (
        opt_outs_of(db, [acceptance]).find(acceptance)
        or duplicates_of(db, [acceptance]).find_duplicate(acceptance)
        or holds_of(db).hold_for(acceptance)
    )


def available(db: apsw.Connection, account_id: int) -> int:
    """Give what an account may still hold, in millionths."""
    sql = "SELECT credited - held - spent FROM account WHERE account_id = ?"
    return int(one(db, sql, (account_id,)))


def opt_outs_of(db: apsw.Connection, acceptances: Sequence[Acceptance]) -> OptOuts:
    """Look up who has opted out, once for all, and not at all where nobody has."""
    if first(db, "SELECT 1 FROM opt_out LIMIT 1") is None:
        return OptOuts(())
    sql = """SELECT o.sender, o.msisdn FROM json_each(?) asked CROSS JOIN opt_out o
             WHERE o.sender = asked.value ->> 0 AND o.msisdn = asked.value ->> 1"""
    return OptOuts(every(db, sql, (as_json(pairs_of(acceptances)),)))


def duplicates_of(db: apsw.Connection, acceptances: Sequence[Acceptance]) -> DuplicateCheck:
    """Look up which references are taken, once for all."""
    references = {
        message.reference
        for acceptance in acceptances
        for message in acceptance.messages
        if message.duplicate_scope
    }
    if not references:
        return DuplicateCheck(())
    sql = f"""SELECT account_id, duplicate_scope, reference FROM carray(?) asked CROSS JOIN message
              WHERE reference = asked.value AND duplicate_scope <> '' AND {whole()}"""  # noqa: S608 - a constant
    sql, asked = of_texts(sql, references)
    return DuplicateCheck(every(db, sql, (asked,)))


def holds_of(db: apsw.Connection) -> CreditHolds:
    """Read balances as they are asked for."""
    return CreditHolds(partial(available, db))


def write_holds(db: apsw.Connection, holds: CreditHolds) -> None:
    """Note what is held."""
    moved = [(held, account_id) for account_id, held in holds.held.items() if held]
    db.executemany("UPDATE account SET held = held + ? WHERE account_id = ?", moved)
