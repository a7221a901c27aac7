"""The reads for people: one message's timeline, searches, counts, balances."""

from __future__ import annotations

from typing import Any

import apsw

from aldis.store.records import Balance, PostbackFacts, Timeline
from aldis.store.sqlite.engine.rows import MESSAGE_FACTS, every, first, message_facts, one
from aldis.traffic.content import from_column
from aldis.traffic.message import MessageFacts, SegmentFacts


def balance(db: apsw.Connection, account_id: int) -> Balance:
    """Give an account's money; all zero for one that is not there."""
    row = first(db, "SELECT credited, held, spent FROM account WHERE account_id = ?", (account_id,))
    return Balance(*(row or (0, 0, 0)))


def timeline(db: apsw.Connection, message_id: int) -> Timeline | None:
    """Gather all that hangs on a message."""
    row = first(db, f"SELECT {MESSAGE_FACTS} FROM message m WHERE message_id = ?", (message_id,))  # noqa: S608
    if row is None:
        return None
    segments = every(
        db,
        """SELECT number, smsc_message_id, submitted_at, state, error_code, receipt_at FROM segment
           WHERE message_id = ? ORDER BY number""",
        (message_id,),
    )
    postbacks = every(
        db,
        """SELECT postback_id, event, state, happened_at, attempts, last_tried_at, last_status, last_fault,
                  due_at, done
           FROM postback WHERE message_id = ? ORDER BY postback_id""",
        (message_id,),
    )
    return Timeline(
        message_facts(row),
        tuple(SegmentFacts(*segment) for segment in segments),
        tuple(_postback(row) for row in postbacks),
        from_column(one(db, "SELECT parts FROM message WHERE message_id = ?", (message_id,))),
    )


def _postback(row: tuple[Any, ...]) -> PostbackFacts:
    *columns, done = row
    return PostbackFacts(*(*columns, bool(done)))


def find(db: apsw.Connection, reference: str, limit: int) -> list[MessageFacts]:
    """Find by reference, newest first; with "" the newest of all."""
    where, bindings = ("WHERE reference = ?", (reference,)) if reference else ("", ())
    sql = f"SELECT {MESSAGE_FACTS} FROM message m {where} ORDER BY message_id DESC LIMIT ?"  # noqa: S608 - constants
    return [message_facts(row) for row in every(db, sql, (*bindings, limit))]


def count_by_state(db: apsw.Connection) -> dict[str, int]:
    """Count all messages; a scan, for people and tests."""
    return dict(every(db, "SELECT state, count(*) FROM message GROUP BY state"))


def backlog(db: apsw.Connection) -> dict[str, int]:
    """Count what waits, by link, from the claim index."""
    return dict(every(db, "SELECT link, count(*) FROM message WHERE state = 'queued' GROUP BY link"))
