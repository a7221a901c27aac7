"""Walks over rows from the newest id back, for what no index finds, because ids grow with time."""

from __future__ import annotations

from typing import NamedTuple

import asyncpg

from aldis.store.postgresql.reads.conditions import Where

#: rows that one page walks over at most
LOOK = 32_768
#: rows of the first run; each has twice as many as the one before it: few are read where the newest do
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

    rows: list[asyncpg.Record]
    #: where it stopped because it had looked at enough: there is more below this id; else 0
    reached: int


async def walk(
    db: asyncpg.Connection, source: WalkedTable, where: Where, bounds: tuple[int, int], limit: int
) -> Walked:
    """Find up to `limit` rows, the newest first, with ids from `bounds[0]` and below `bounds[1]`.

    `where`: what must hold of a row besides; its parameters are numbered from 4.
    """
    begin, end = bounds
    key = source.key
    sql = f"{source.select} WHERE {key} >= $1 AND {key} < $2{where.sql} ORDER BY {key} DESC LIMIT $3"
    rows: list[asyncpg.Record] = []
    left, run = LOOK, FIRST_RUN
    while left > 0 and end > begin:
        low, count = await part_below(db, source.table, key, (begin, end), min(left, run))
        rows += await db.fetch(sql, low, end, limit - len(rows), *where.bindings)
        if len(rows) == limit:
            return Walked(rows, 0)
        end = low
        left -= count
        run *= 2
    more = f"SELECT EXISTS (SELECT 1 FROM {source.table} WHERE {key} >= $1 AND {key} < $2)"  # noqa: S608 - names
    return Walked(rows, end if await db.fetchval(more, begin, end) else 0)


async def part_below(
    db: asyncpg.Connection, table: str, key: str, bounds: tuple[int, int], most: int
) -> tuple[int, int]:
    """Give the lowest id of the newest `most` rows with ids from `bounds[0]` and below `bounds[1]`, and how
    many those are; the lower bound where there are no more.
    """
    sql = f"""SELECT min(id), count(*) FROM (
                  SELECT {key} AS id FROM {table} WHERE {key} >= $1 AND {key} < $2
                  ORDER BY {key} DESC LIMIT $3) part"""  # noqa: S608 - names
    row = await db.fetchrow(sql, *bounds, most)
    low, count = (None, 0) if row is None else row
    return (bounds[0] if low is None or count < most else int(low)), int(count)
