"""Turns rows into records, asks for single values, and runs one statement for many rows.

A statement costs the interpreter's lock and a walk through Python each time it is stepped, whatever it does;
so the hot path says what it wants of a whole batch at once: `for_each` fills a VALUES list, `as_json` a
json_each().
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

import apsw
import msgspec

from aldis.traffic.message import MessageFacts
from aldis.traffic.states import Event, State, sources

Row = TypeVar("Row")

#: the columns of MessageFacts, in its order
MESSAGE_FACTS = (
    "m.message_id, m.submission_id, m.account_id, m.dialect, m.reference, m.link, m.sender, m.recipient, "
    "m.country, m.state, m.segments, m.price_micros, m.attempts, m.accepted_at, m.sent_at, m.ended_at, "
    "m.reason, m.callback_url, m.echo"
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


def in_state(*states: State, of: str = "message") -> str:
    """Write the condition that a message is in one of these states, as a text that partial indexes know."""
    return "(" + " OR ".join(f"{of}.state = '{state.value}'" for state in states) + ")"


def conditions(asked: dict[str, object]) -> tuple[str, tuple[object, ...]]:
    """Write those conditions that have a value, each behind an AND, and give their values."""
    given = {sql: value for sql, value in asked.items() if value}
    return "".join(f" AND {sql}" for sql in given), tuple(given.values())


def may(event: Event, of: str = "message") -> str:
    """Write the condition that the table of states allows an event where a message is."""
    return in_state(*sources(event), of=of)


def whole(of: str = "message") -> str:
    """Write the condition that a message is not of a submission that is still being stored
    (`writes/staging.py`). Where there is none, that is asked once and not of each row.
    """
    return f"""(NOT EXISTS (SELECT 1 FROM staged_submission) OR NOT EXISTS (
        SELECT 1 FROM staged_submission s WHERE {of}.message_id BETWEEN s.first_id AND s.last_id))"""  # noqa: S608 - a table's name


def as_json(values: Iterable[object]) -> str:
    """Bind many ids at once: `… IN (SELECT value FROM json_each(?))`."""
    return msgspec.json.encode(list(values)).decode()


def as_array(ids: Collection[int]) -> object:
    """Bind many ids at once: `FROM carray(?)`. Half the price of `as_json`. For none it is NULL, which has no
    rows either: apsw refuses an empty array.
    """
    return apsw.carray(array("q", ids)) if ids else None


def of_texts(sql: str, texts: Collection[str]) -> tuple[str, object]:
    """Bind many texts at once, as `as_array` does ids: gives the statement, which has `FROM carray(?)`, and
    what is bound to it. A text may hold a NUL, which carray() does not take; then it has json_each() instead.
    """
    try:
        return sql, apsw.carray(tuple(texts))
    except ValueError:
        return sql.replace("carray(", "json_each("), as_json(texts)


#: how many rows one execution takes. Few sizes, because apsw keeps only the texts of its last 512 executions,
#: and to prepare one again takes longer than to run it.
SIZES = (1, 2, 3, 4, 6, 8, 16, 24, 32, 48, 64)
LARGE = SIZES[-1]
_BELOW = (0, *(max(size for size in SIZES if size <= count) for count in range(1, LARGE + 1)))
_ABOVE = (0, *(min(size for size in SIZES if size >= count) for count in range(1, LARGE + 1)))


def for_each(db: apsw.Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert many rows in few executions: `{rows}` in the statement becomes `(?, ?), (?, ?) …`."""
    start, count = 0, len(rows)
    while start < count:
        size = _BELOW[min(count - start, LARGE)]
        part = rows[start : start + size]
        start += size
        db.execute(_spread(sql, size, len(part[0])), tuple(chain.from_iterable(part)))


def for_found(db: apsw.Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run a statement that finds rows by the keys of these, as `for_each` does; NULLs, by which nothing is
    found, fill the list.
    """
    for start in range(0, len(rows), LARGE):
        part = rows[start : start + LARGE]
        size, width = _ABOVE[len(part)], len(part[0])
        filling = (None,) * (width * (size - len(part)))
        db.execute(_spread(sql, size, width), (*chain.from_iterable(part), *filling))


def for_ids(db: apsw.Connection, sql: str, bindings: tuple[object, ...], ids: Sequence[int]) -> None:
    """Update many ids, as `for_each` does: `{ids}` in the statement, behind its other bindings, becomes
    `?, ? …`. Unlike an update with a subquery, it finds and writes each row in one go.
    """
    for start in range(0, len(ids), LARGE):
        part = ids[start : start + LARGE]
        size = _ABOVE[len(part)]
        filling = (None,) * (size - len(part))
        db.execute(_list(sql, size), (*bindings, *part, *filling))


@lru_cache(maxsize=1024)
def _spread(sql: str, size: int, width: int) -> str:
    row = "(" + ",".join("?" * width) + ")"
    return sql.replace("{rows}", ",".join([row] * size))


@lru_cache(maxsize=1024)
def _list(sql: str, size: int) -> str:
    return sql.replace("{ids}", ",".join("?" * size))


def message_facts(row: tuple[Any, ...]) -> MessageFacts:
    """Read a row of the MESSAGE_FACTS columns."""
    before_state, state, after_state = row[:9], row[9], row[10:]
    return MessageFacts(*(*before_state, State(state), *after_state))


def each_alone(
    db: apsw.Connection, write: Callable[[apsw.Connection, Sequence[Row]], object], rows: Sequence[Row]
) -> list[Row]:
    """Write rows, or all but those that the database refuses, which are found by halves; returns these."""
    try:
        with db:  # a savepoint
            if rows:
                write(db, rows)
    except apsw.ConstraintError:
        if len(rows) == 1:
            return [rows[0]]
        middle = len(rows) // 2
        return each_alone(db, write, rows[:middle]) + each_alone(db, write, rows[middle:])
    return []
