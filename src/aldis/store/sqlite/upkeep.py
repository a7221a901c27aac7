"""The writes of upkeep: end what waited too long, forget what is old."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.sqlite import endings
from aldis.store.sqlite.rows import every
from aldis.traffic.states import Event, State, after

#: what a passed deadline means in each state that has one
_DEADLINES = {State.QUEUED: Event.VALIDITY_PASSED, State.SENT: Event.RECEIPT_OVERDUE}
_REASONS = {State.QUEUED: "validity passed", State.SENT: "no receipt"}

#: receipts that never found their segment are kept this long
PARKED_MS = 86_400_000


class Bounds(msgspec.Struct, frozen=True):
    """How much to do at once, and up to when."""

    limit: int
    instant: int


def expire(db: apsw.Connection, items: list[Bounds]) -> list[int]:
    """End messages whose deadline has passed."""
    money = endings.Money(db)
    counts = [_expire(db, money, item) for item in items]
    money.write()
    return counts


def _expire(db: apsw.Connection, money: endings.Money, item: Bounds) -> int:
    sql = """SELECT message_id, state FROM message WHERE deadline_at <= ? AND state IN ('queued', 'sent')
             ORDER BY deadline_at LIMIT ?"""
    rows = every(db, sql, (item.instant, item.limit))
    for message_id, name in rows:
        state = State(name)
        ending = after(state, _DEADLINES[state])
        if ending is State.UNCONFIRMED:
            endings.end_sent(db, message_id, ending, _REASONS[state], item.instant, expected=state)
        elif ending is not None:
            endings.end_unsent(db, money, message_id, ending, _REASONS[state], item.instant, expected=state)
    db.execute("DELETE FROM parked_receipt WHERE received_at <= ?", (item.instant - PARKED_MS,))
    return len(rows)


def purge(db: apsw.Connection, items: list[Bounds]) -> list[int]:
    """Forget old messages; one that still owes a postback stays until that is done or given up."""
    return [_purge(db, item) for item in items]


def _purge(db: apsw.Connection, item: Bounds) -> int:
    sql = """SELECT message_id, account_id, duplicate_key FROM (
                 SELECT message_id, account_id, duplicate_key, ended_at, accepted_at
                 FROM message ORDER BY message_id LIMIT ?) old
             WHERE ended_at > 0 AND accepted_at <= ? AND NOT EXISTS (
                 SELECT 1 FROM postback p WHERE p.message_id = old.message_id AND p.due_at IS NOT NULL)"""
    rows = every(db, sql, (item.limit, item.instant))
    ids = [(message_id,) for message_id, _, _ in rows]
    db.executemany("DELETE FROM message WHERE message_id = ?", ids)
    db.executemany("DELETE FROM segment WHERE message_id = ?", ids)
    db.executemany("DELETE FROM postback WHERE message_id = ?", ids)
    keys = [(account_id, key) for _, account_id, key in rows if key is not None]
    db.executemany("DELETE FROM duplicate_key WHERE account_id = ? AND key = ?", keys)
    return len(rows)
