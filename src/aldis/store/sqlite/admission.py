"""The writes of admission: ids, acceptance with its hold and duplicate keys; and the read of opt-ins."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from aldis.store.contract import Acceptance, OptInKey
from aldis.store.sqlite.rows import one
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal, RefusalReason

_INSERT = """
INSERT INTO message (message_id, submission_id, account_id, dialect, reference, duplicate_key, link,
                     priority, sender, recipient, country, encoding, octets, segments, price, notify, lane,
                     callback_url, echo, accepted_at, expires_at, due_at, deadline_at)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
"""


def take_ids(db: apsw.Connection, counts: list[int]) -> list[range]:
    """Reserve blocks of ids."""
    blocks = []
    for count in counts:
        first = one(
            db,
            "UPDATE counter SET value = value + ? WHERE name = 'next_id' RETURNING value - ?",
            (count, count),
        )
        blocks.append(range(first, first + count))
    return blocks


def accept(db: apsw.Connection, acceptances: list[Acceptance]) -> list[Refusal | None]:
    """Store each submission whole or not at all."""
    purses = _Purses(db)
    answers: list[Refusal | None] = []
    rows: list[tuple[object, ...]] = []
    for acceptance in acceptances:
        refusal = _duplicate(db, acceptance) or purses.hold(acceptance)
        answers.append(refusal)
        if refusal is None:
            _remember_keys(db, acceptance)
            rows.extend(_row(message) for message in acceptance.messages)
    db.executemany(_INSERT, rows)
    purses.write()
    return answers


def judge(db: apsw.Connection, acceptance: Acceptance) -> Refusal | None:
    """Judge one submission as `accept` does, on any connection, writing nothing."""
    return _duplicate(db, acceptance) or _Purses(db).hold(acceptance)


def opted_in(db: apsw.Connection, keys: Sequence[OptInKey]) -> set[OptInKey]:
    """Look each key up by its primary key."""
    sql = "SELECT 1 FROM opt_in WHERE sender = ? AND topic = ? AND msisdn = ?"
    return {key for key in keys if db.execute(sql, (key.sender, key.topic, key.msisdn)).fetchone()}


class _Purses:
    """The money of the accounts in one batch: read once, checked for each submission, written once."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._available: dict[int, int] = {}
        self._held: dict[int, int] = {}

    def hold(self, acceptance: Acceptance) -> Refusal | None:
        price = sum(message.price_micros * message.segments for message in acceptance.messages)
        account_id = acceptance.account_id
        if account_id not in self._available:
            sql = "SELECT credited - held - spent FROM account WHERE account_id = ?"
            self._available[account_id] = one(self._db, sql, (account_id,))
        if acceptance.prepaid and price > self._available[account_id]:
            return Refusal(RefusalReason.CREDIT_INSUFFICIENT)
        self._available[account_id] -= price
        self._held[account_id] = self._held.get(account_id, 0) + price
        return None

    def write(self) -> None:
        moved = [(held, account_id) for account_id, held in self._held.items() if held]
        self._db.executemany("UPDATE account SET held = held + ? WHERE account_id = ?", moved)


def _duplicate(db: apsw.Connection, acceptance: Acceptance) -> Refusal | None:
    seen: set[str] = set()
    for message in acceptance.messages:
        key = message.duplicate_key
        if key is None:
            continue
        found = db.execute(
            "SELECT 1 FROM duplicate_key WHERE account_id = ? AND key = ?", (message.account_id, key)
        ).fetchone()
        if found or key in seen:
            return Refusal(RefusalReason.DUPLICATE, value=key)
        seen.add(key)
    return None


def _remember_keys(db: apsw.Connection, acceptance: Acceptance) -> None:
    for message in acceptance.messages:
        if message.duplicate_key is not None:
            key = (message.account_id, message.duplicate_key, message.message_id)
            db.execute("INSERT INTO duplicate_key VALUES (?, ?, ?)", key)


def _row(message: NewMessage) -> tuple[object, ...]:
    return (
        message.message_id,
        message.submission_id,
        message.account_id,
        message.dialect,
        message.reference,
        message.duplicate_key,
        message.link,
        message.priority,
        message.sender,
        message.recipient,
        message.country,
        message.encoding,
        message.octets,
        message.segments,
        message.price_micros,
        message.notify,
        message.lane,
        message.callback_url,
        message.echo,
        message.accepted_at,
        message.expires_at,
        message.accepted_at,
        message.expires_at,
    )
