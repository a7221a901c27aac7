"""The money of accounts. Each has two purses, and has what is in both: admission writes into one what it
holds, and what becomes of messages is written into the other. So neither waits for the other's transactions,
nor two transactions for each other that do both.

What is settled frees money or leaves it as it is. So admission, which has its own purses to itself while it
judges, never finds more in the others than there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import asyncpg

ADMITTED, SETTLED = 0, 1

_SUM = "sum(credited - held - spent)::bigint"
_AVAILABLE = f"SELECT account_id, {_SUM} FROM purse WHERE account_id = ANY($1::bigint[]) GROUP BY account_id"  # noqa: S608 - a constant
#: of the purses that are not locked what was committed when the statement began
_LOCK = f"""
WITH locked AS (
    SELECT account_id, credited - held - spent AS available FROM purse
    WHERE account_id = ANY($1::bigint[]) AND slot = {ADMITTED} ORDER BY account_id FOR UPDATE
)
SELECT l.account_id, l.available + coalesce((
    SELECT {_SUM} FROM purse p WHERE p.account_id = l.account_id AND p.slot <> {ADMITTED}), 0)
FROM locked l
"""  # noqa: S608 - constants
_MOVE = """
INSERT INTO purse (account_id, slot, held, spent)
SELECT account_id, $1, held, spent
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS m (account_id, held, spent)
ORDER BY account_id
ON CONFLICT (account_id, slot) DO UPDATE
SET held = purse.held + EXCLUDED.held, spent = purse.spent + EXCLUDED.spent
"""


async def locked(db: asyncpg.Connection, accounts: Iterable[int]) -> dict[int, int]:
    """Give what accounts may still hold, in millionths, until the end of the transaction."""
    return dict(map(tuple, await db.fetch(_LOCK, sorted(accounts))))


async def available(db: asyncpg.Connection, accounts: Iterable[int]) -> dict[int, int]:
    """Give what accounts may still hold, in millionths."""
    return dict(map(tuple, await db.fetch(_AVAILABLE, list(accounts))))


async def hold(db: asyncpg.Connection, held: Mapping[int, int]) -> None:
    """Hold prices, by account."""
    await _move(db, ADMITTED, {account_id: (price, 0) for account_id, price in held.items() if price})


async def settle(db: asyncpg.Connection, freed: Iterable[tuple[int, int, int]]) -> None:
    """Release what was held (account, held, spent), and spend that much of it."""
    moved: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for account_id, held, spent in freed:
        before = moved[account_id]
        moved[account_id] = (before[0] - held, before[1] + spent)
    await _move(db, SETTLED, {account_id: move for account_id, move in moved.items() if any(move)})


async def _move(db: asyncpg.Connection, slot: int, moved: Mapping[int, tuple[int, int]]) -> None:
    if moved:
        held, spent = zip(*moved.values(), strict=True)
        await db.execute(_MOVE, slot, list(moved), held, spent)
