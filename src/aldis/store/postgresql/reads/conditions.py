"""Writes what a filter asks, with numbered parameters."""

from __future__ import annotations

from typing import NamedTuple

from aldis.store.postgresql.engine.texts import escaped


class Where(NamedTuple):
    """What must hold of a row."""

    #: each condition behind an AND
    sql: str
    bindings: tuple[object, ...]


def conditions(asked: dict[str, object], numbered_from: int) -> Where:
    """Write those conditions that have a value; `{}` in one is its parameter."""
    given = {
        sql: escaped(value) if isinstance(value, str) else value for sql, value in asked.items() if value
    }
    numbered = (sql.format(f"${number}") for number, sql in enumerate(given, numbered_from))
    return Where("".join(f" AND {sql}" for sql in numbered), tuple(given.values()))
