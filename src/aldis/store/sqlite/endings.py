"""How a message ends: its state, its money and the postback that tells the customer, always together.

Money: what the carrier took is spent, the rest of the hold is released. A receipt moves no money: the carrier
has charged for the submission, whatever became of it.
"""

from __future__ import annotations

import apsw

from aldis.store.sqlite.rows import first, one
from aldis.traffic.postback import Notify, PostbackEvent
from aldis.traffic.states import State


class Money:
    """What the endings of one batch move: gathered for each account and written once."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._moved: dict[int, tuple[int, int]] = {}

    def charge(self, account_id: int, spent: int, *, held: int) -> None:
        """Turn a hold into what was spent of it."""
        known_held, known_spent = self._moved.get(account_id, (0, 0))
        self._moved[account_id] = (known_held + held, known_spent + spent)

    def write(self) -> None:
        """Write the sums."""
        rows = [(held, spent, account_id) for account_id, (held, spent) in self._moved.items() if held]
        self._db.executemany(
            "UPDATE account SET held = held - ?, spent = spent + ? WHERE account_id = ?", rows
        )


def end_unsent(
    db: apsw.Connection,
    money: Money,
    message_id: int,
    state: State,
    reason: str,
    now: int,
    *,
    expected: State,
) -> None:
    """End a message that has not been `sent`: what the carrier took of it is spent, the rest of the hold
    freed.
    """
    row = _end(db, message_id, state, reason, now, expected)
    if row is not None:
        account_id, price, segments = row
        taken = segments if state is State.UNCONFIRMED else _taken(db, message_id)
        money.charge(account_id, price * taken, held=price * segments)


def end_sent(
    db: apsw.Connection, message_id: int, state: State, reason: str, now: int, *, expected: State
) -> None:
    """End a message that the carrier took; its money was settled then."""
    _end(db, message_id, state, reason, now, expected)


def _end(
    db: apsw.Connection, message_id: int, state: State, reason: str, now: int, expected: State
) -> tuple[int, int, int] | None:
    """Move a message from where it must be, and owe its postback; returns its account, price and segments."""
    sql = """UPDATE message SET state = ?, reason = ?, ended_at = ?, deadline_at = NULL
             WHERE message_id = ? AND state = ?
             RETURNING account_id, price, segments, notify, lane"""
    row = first(db, sql, (state, reason, now, message_id, expected))
    if row is None:
        return None
    account_id, price, segments, notify, lane = row
    if notify & Notify.ENDED:
        _owe(db, message_id, lane, PostbackEvent.ENDED, state, reason, now)
    return account_id, price, segments


def owe_sent(db: apsw.Connection, message_id: int, notify: int, lane: str, now: int) -> None:
    """Owe the postback that says "sent", where the dialect has one."""
    if notify & Notify.SENT:
        _owe(db, message_id, lane, PostbackEvent.SENT, State.SENT, "", now)


def _taken(db: apsw.Connection, message_id: int) -> int:
    return int(one(db, "SELECT count(*) FROM segment WHERE message_id = ?", (message_id,)))


def _owe(
    db: apsw.Connection,
    message_id: int,
    lane: str,
    event: PostbackEvent,
    state: State,
    error_code: str,
    now: int,
) -> None:
    sql = """INSERT INTO postback (message_id, lane, event, state, error_code, happened_at, due_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)"""
    db.execute(sql, (message_id, lane, event, state, error_code, now, now))
