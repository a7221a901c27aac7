"""How a message ends: its state, its money and the postback that tells the customer, always together.

Money: what the carrier took is spent, the rest of the hold is released. A receipt moves no money: the carrier
has charged for the submission, whatever became of it.
"""

from __future__ import annotations

import apsw

from aldis.store.sqlite.rows import first, one
from aldis.traffic.postback import Notify, PostbackEvent
from aldis.traffic.states import AWAITS_RECEIPT, State


def end(
    db: apsw.Connection,
    message_id: int,
    state: State,
    reason: str,
    now: int,
    *,
    expected: State,
    error_code: str = "",
) -> bool:
    """Move a message from an expected state to an ending; returns False when it was not there any more."""
    sql = """UPDATE message SET state = ?, reason = ?, ended_at = ?, deadline_at = NULL
             WHERE message_id = ? AND state = ?
             RETURNING account_id, price, segments, notify, lane"""
    row = first(db, sql, (state, reason, now, message_id, expected))
    if row is None:
        return False
    account_id, price, segments, notify, lane = row
    if expected not in AWAITS_RECEIPT:
        taken = segments if state is State.UNCONFIRMED else _taken(db, message_id)
        charge(db, account_id, price * taken, held=price * segments)
    if notify & Notify.ENDED:
        _owe(db, message_id, lane, PostbackEvent.ENDED, state, error_code or reason, now)
    return True


def charge(db: apsw.Connection, account_id: int, spent: int, *, held: int) -> None:
    """Turn a hold into what was spent of it."""
    if held:
        sql = "UPDATE account SET held = held - ?, spent = spent + ? WHERE account_id = ?"
        db.execute(sql, (held, spent, account_id))


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
