"""The writes of a cell about itself, and about accounts that leave it."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.traffic.ids import CELLS

_NUMBER = """
INSERT INTO counter AS c (name, value) VALUES ('cell', $1)
ON CONFLICT (name) DO UPDATE SET value = c.value RETURNING value"""
#: of rows that move with an account: numbered apart from those of other cells, and above what was numbered
#: before a store was a cell
NUMBERED = (("account", "account_id"), ("pending_postback", "postback_id"), ("bulk_job", "job_id"))
FIRST_NUMBER = 1 << 40
_SPACE = f"""
ALTER SEQUENCE {{sequence}} INCREMENT BY {CELLS} RESTART WITH {{first}}"""
_SEQUENCE = """
SELECT s.name, coalesce(pg_sequence_last_value(s.name::regclass), 0)
FROM pg_get_serial_sequence($1, $2) s (name)"""
_RELEASE = """
INSERT INTO account_release (holder, account_id, state)
SELECT $1, r.account_id, r.state FROM unnest($2::bigint[], $3::text[]) r (account_id, state)
ORDER BY r.account_id
ON CONFLICT (holder, account_id) DO UPDATE SET state = EXCLUDED.state"""


@operation_on_each
async def number(db: asyncpg.Connection, wanted: int) -> int:
    """Keep the cell's number, if it has none yet; gives the one that it has."""
    if not 0 <= wanted < CELLS:
        raise ValueError(f"a cell cannot have the number {wanted}")
    before = await db.fetchval("SELECT value FROM counter WHERE name = 'cell'")
    if before is not None:
        return int(before)
    found = int(await db.fetchval(_NUMBER, wanted))
    if found == wanted:
        await number_apart(db, found)
    return found


async def number_apart(db: asyncpg.Connection, cell: int, above: Mapping[str, int] | None = None) -> None:
    """Have rows that move with an account get numbers that no other cell gives. `above`: by table, what they
    must be above besides.
    """
    for table, column in NUMBERED:
        sequence, given = await _sequence(db, table, column)
        last = max(FIRST_NUMBER, given, (above or {}).get(table, 0))
        first = (last // CELLS + 1) * CELLS + cell
        await db.execute(_SPACE.format(sequence=sequence, first=first))


async def last_numbers(db: asyncpg.Connection) -> dict[str, int]:
    """Tell, by table, up to where rows are numbered that move with an account."""
    return {table: (await _sequence(db, table, column))[1] for table, column in NUMBERED}


async def _sequence(db: asyncpg.Connection, table: str, column: str) -> tuple[str, int]:
    """Give the sequence of a column, and the last number that it has given."""
    ((name, last),) = await db.fetch(_SEQUENCE, table, column)
    return name, last


class Release(msgspec.Struct, frozen=True):
    """What a gateway has nothing of in hand: accounts, each with the state of its move that it knows of."""

    holder: str
    states: tuple[tuple[int, str], ...]


@operation_on_each
async def release(db: asyncpg.Connection, item: Release) -> None:
    """Write it."""
    await db.execute(_RELEASE, item.holder, *map(list, zip(*item.states, strict=True)))
