"""Turns rows into records, and asks for single values, so that every statement reads the same way."""

from __future__ import annotations

from typing import Any

import apsw

from aldis.traffic.message import MessageFacts
from aldis.traffic.states import State

#: the columns of MessageFacts, in its order
MESSAGE_FACTS = (
    "m.message_id, m.submission_id, m.account_id, m.dialect, m.reference, m.link, m.sender, m.recipient, "
    "m.country, m.state, m.segments, m.price, m.attempts, m.accepted_at, m.sent_at, m.ended_at, m.reason, "
    "m.callback_url, m.echo"
)


def every(db: apsw.Connection, sql: str, bindings: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
    """Give all rows at once, so that the statement is finished before anything else runs."""
    return db.execute(sql, bindings).fetchall()


def first(db: apsw.Connection, sql: str, bindings: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
    """Give the first row, or None."""
    return db.execute(sql, bindings).fetchone()


def one(db: apsw.Connection, sql: str, bindings: tuple[object, ...] = ()) -> Any:  # noqa: ANN401 - SQLite is typed by value
    """Give the single value that a statement must find; raises LookupError when it finds none."""
    row = db.execute(sql, bindings).fetchone()
    if row is None:
        raise LookupError(sql.strip().partition("\n")[0])
    return row[0]


def message_facts(row: tuple[Any, ...]) -> MessageFacts:
    """Read a row of the MESSAGE_FACTS columns."""
    before_state, state, after_state = row[:9], row[9], row[10:]
    return MessageFacts(*(*before_state, State(state), *after_state))
