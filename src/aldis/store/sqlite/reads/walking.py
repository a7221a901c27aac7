"""Walks over rows from the newest id back, for what no index finds, because ids grow with time.

The runs of a walk go back, and each of them goes forward: a system reads ahead of who reads a file forward,
and gives who reads it backward a page for each look at the disk, which took twenty times as long
(docs/decisions/0018-message-search.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import apsw

from aldis.store.sqlite.engine.rows import every, first, one

#: ids that one page walks over at most
LOOK = 32_768
#: ids of the first run; each has twice as many as the one before it, so that few are read where the newest do
FIRST_RUN = 128


class WalkedTable(NamedTuple):
    """What is walked over."""

    table: str
    #: the column of ids, which is the table's key
    key: str
    #: a SELECT, without its conditions
    select: str


class Walked(NamedTuple):
    """What a walk has found."""

    rows: list[tuple[Any, ...]]
    #: where it stopped because it had looked at enough: there is more below this id; else 0
    reached: int


def walk(
    db: apsw.Connection,
    source: WalkedTable,
    where: tuple[str, Sequence[object]],
    bounds: tuple[int, int],
    limit: int,
) -> Walked:
    """Find up to `limit` rows, the newest first, with ids from `bounds[0]` and below `bounds[1]`.

    `where`: what must hold of a row besides, as SQL that begins with AND, and its bindings.
    """
    begin, end = bounds
    conditions, bindings = where
    # the plus: sorted by itself, and so read forward
    sql = f"""{source.select} NOT INDEXED WHERE {source.key} >= ? AND {source.key} <= ?{conditions}
              ORDER BY +{source.key} DESC LIMIT ?"""
    rows: list[tuple[Any, ...]] = []
    for low, top in _runs(db, source, begin, end):
        rows += every(db, sql, (low, top, *bindings, limit - len(rows)))
        end = low
        if len(rows) == limit:
            return Walked(rows, 0)
    more = f"SELECT 1 FROM {source.table} WHERE {source.key} >= ? AND {source.key} < ? LIMIT 1"  # noqa: S608 - names
    return Walked(rows, 0 if first(db, more, (begin, end)) is None else end)


def _runs(db: apsw.Connection, source: WalkedTable, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Give the first and last id of each run, the newest first; leaps over ids that nobody has."""
    newest = f"SELECT ifnull(max({source.key}), -1) FROM {source.table} WHERE {source.key} < ?"  # noqa: S608 - names
    left, run = LOOK, FIRST_RUN
    while left > 0:
        top = one(db, newest, (end,))
        if top < begin:
            return
        end = max(begin, top - min(left, run) + 1)
        yield end, top
        left -= top - end + 1
        run *= 2
