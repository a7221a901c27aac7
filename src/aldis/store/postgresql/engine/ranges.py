"""Tables that are divided by ranges of ids, which are times: ranges are made ahead, and dropped whole.

What is written for each message and stays until retention has a partition for each range: dropping it costs
milliseconds, deleting its rows as much as writing them did. A statement costs the more the more ranges there
are, also those that it does not need, so their length follows retention (`length_for`): there are eight at
most. There is no partition for whatever has none: beside one, none could be detached without stopping all
traffic. Ranges begin and end where blocks of `message_recipient` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import asyncpg

from aldis.store.postgresql.engine.schema_locks import SCHEMA
from aldis.traffic.ids import first_id_at

#: ids of one block differ in these bits only: 2^24 ms are 4.7 hours
BLOCK_BITS = 36
#: blocks of a range while nobody has said how long messages are kept: seven days
LENGTH = 36
#: ranges that one retention is divided into
PARTS = 5


class Divided(NamedTuple):
    """A table that is divided."""

    table: str
    #: bits of an id that its key has not
    bits: int = 0
    #: storage parameters, which each partition has by itself
    storage: str = ""


#: in the order in which a range's go: what `message` has tells which ranges there are
DIVIDED = (
    Divided("told"),
    Divided("message_recipient", BLOCK_BITS),
    Divided("segment", storage="fillfactor = 80"),
    Divided("ended", storage="fillfactor = 90"),
    Divided("message"),
)


class Range(NamedTuple):
    """Blocks of ids, and the partition of each table that has them."""

    #: 0: from the lowest id on
    begin: int
    #: the first behind it
    end: int
    #: (table, its partition)
    partitions: tuple[tuple[str, str], ...]

    @property
    def first_id(self) -> int:
        """Give the lowest id."""
        return self.begin << BLOCK_BITS

    @property
    def end_id(self) -> int:
        """Give the lowest id behind it."""
        return self.end << BLOCK_BITS


class Detached(NamedTuple):
    """A partition of a range whose dropping was broken off."""

    table: str
    name: str
    #: it is still attached for transactions that began before
    is_pending: bool


_ATTACHED = """
SELECT p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid
WHERE p.relnamespace = to_regnamespace('aldis') AND p.relkind = 'p' AND NOT i.inhdetachpending"""
_DETACHED = """
SELECT substring(c.relname FROM '^(.*?)_(?:first|\\d+_\\d+)$'), c.relname, coalesce(i.inhdetachpending, false)
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relnamespace = to_regnamespace('aldis') AND c.relkind = 'r' AND coalesce(i.inhdetachpending, true)
    AND substring(c.relname FROM '^(.*?)_(?:first|\\d+_\\d+)$') = ANY($1::text[]) ORDER BY c.relname"""
_BOUNDS = re.compile(r"FROM \((?:MINVALUE|'?(\d+)'?)\) TO \('?(\d+)'?\)", re.ASCII)
_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_NEXT_ID = "SELECT coalesce((SELECT value FROM counter WHERE name = 'next_id'), 0)"


def length_for(retention_ms: int) -> int:
    """Tell how many blocks a range has, so that `PARTS` of them are as long as messages are kept."""
    return max(1, (first_id_at(retention_ms) >> BLOCK_BITS) // PARTS)


async def read_ranges(db: asyncpg.Connection) -> list[Range]:
    """Give the ranges that there are, oldest first."""
    bits = {each.table: each.bits for each in DIVIDED}
    found: dict[tuple[int, int], dict[str, str]] = {}
    for table, name, bounds in await db.fetch(_ATTACHED):
        if table in bits and (matched := _BOUNDS.search(bounds)):
            begin, end = (int(bound or 0) << bits[table] >> BLOCK_BITS for bound in matched.groups())
            found.setdefault((begin, end), {})[table] = name
    return [
        Range(*bounds, tuple((each.table, names[each.table]) for each in DIVIDED if each.table in names))
        for bounds, names in sorted(found.items())
        if "message" in names
    ]


async def read_detached(db: asyncpg.Connection) -> list[Detached]:
    """Give what is left of ranges that were dropped in part."""
    rows = await db.fetch(_DETACHED, [each.table for each in DIVIDED])
    return [Detached(*row) for row in rows]


async def make_ahead(db: asyncpg.Connection, length: int | None = None) -> list[Range]:
    """Make what is missing for new ids, so that there is more than a range's length ahead; gives all ranges.

    `length`: in blocks; None: the newest's, seven days at most. Ids that were given by a clock which was
    ahead count, too: what lies between becomes one range.
    """
    async with db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA)
        known = await read_ranges(db)
        newest = known[-1] if known else Range(0, 0, ())
        if length is None:
            length = min(newest.end - newest.begin, LENGTH)
        highest = await highest_block(db)
        end = newest.end
        if end + 2 * length <= highest:
            known.append(await _make(db, end, highest))
            end = highest
        while end <= highest + length:
            known.append(await _make(db, end, end + length))
            end += length
    return known


async def highest_block(db: asyncpg.Connection) -> int:
    """Tell in which block new ids are."""
    now, next_id = await db.fetchval(_NOW), await db.fetchval(_NEXT_ID)
    return int(max(first_id_at(now), next_id)) >> BLOCK_BITS


async def fill_gaps(db: asyncpg.Connection) -> None:
    """Make what is missing for old ids, which come from another database; in the transaction under way."""
    await db.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA)
    end = 0
    for each in await read_ranges(db):
        if each.begin > end:
            await _make(db, end, each.begin)
        end = each.end


async def _make(db: asyncpg.Connection, begin: int, end: int) -> Range:
    """Make a range's partitions beside all traffic: none that is attached waits for a statement, or has one
    wait.
    """
    names = [(each, f"{each.table}_{begin}_{end}") for each in DIVIDED]
    for (table, bits, storage), name in names:
        low, high = (bound << BLOCK_BITS >> bits for bound in (begin, end))
        options = f" WITH ({storage})" if storage else ""
        await db.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL){options}")
        await db.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})")
    return Range(begin, end, tuple((each.table, name) for each, name in names))


async def drop(db: asyncpg.Connection, old: Range) -> None:
    """Drop a range beside all traffic; outside any transaction. A transaction that is older keeps a partition
    for longer than the connection's `lock_timeout`: then LockNotAvailableError, and `drop_detached` goes on.
    """
    for table, name in old.partitions:
        await db.execute(f"ALTER TABLE {table} DETACH PARTITION {name} CONCURRENTLY")
        await db.execute(f"DROP TABLE {name}")


async def drop_detached(db: asyncpg.Connection, found: Iterable[Detached]) -> None:
    """Complete what was broken off; raises as `drop`."""
    for table, name, is_pending in found:
        if is_pending:
            await db.execute(f"ALTER TABLE {table} DETACH PARTITION {name} FINALIZE")
        await db.execute(f"DROP TABLE {name}")
