"""The money of accounts. Each has two purses, and has what is in both: admission writes into one what it
holds, and what becomes of messages is written into the other. So neither waits for the other's transactions,
nor two transactions for each other that do both.

What is settled frees money or leaves it as it is. So admission, which has its own purses to itself while it
judges, never finds more in the others than there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import asyncpg

#: where the purse of admission is of an account that is in another cell, or on its way: nothing is accepted
ADMITTED, SETTLED, CLOSED = 0, 1, -1

_SUM = "sum(credited - held - spent)::bigint"
_AVAILABLE = f"SELECT account_id, {_SUM} FROM purse WHERE account_id = ANY($1::bigint[]) GROUP BY account_id"  # noqa: S608 - a constant
#: of the purses that are not locked what was committed when the statement began
LOCKED = f"""
    WITH locked AS (
        SELECT account_id, credited - held - spent AS available FROM purse
        WHERE account_id = ANY({{accounts}}) AND slot = {ADMITTED} ORDER BY account_id FOR UPDATE
    )
    SELECT l.account_id, l.available + coalesce((
        SELECT {_SUM} FROM purse p
        WHERE p.account_id = l.account_id AND p.slot <> {ADMITTED}), 0) AS available
    FROM locked l
"""  # noqa: S608 - constants
_LOCK = LOCKED.format(accounts="$1::bigint[]")
_HOLD = f"""
UPDATE purse SET held = purse.held + h.price FROM unnest($1::bigint[], $2::bigint[]) AS h (account_id, price)
WHERE purse.account_id = h.account_id AND purse.slot = {ADMITTED}
"""  # noqa: S608 - a number


def settling(freed: str) -> str:
    """Write a part of a statement that releases what was held, and spends as much of it as was taken.
    `freed`: a query of accounts, each once, with what is added to what it holds (less than nothing), and to
    what it has spent.
    """
    return f"""
    INSERT INTO purse (account_id, slot, held, spent)
    SELECT account_id, {SETTLED}, held, spent FROM ({freed}) AS f (account_id, held, spent)
    WHERE held <> 0 OR spent <> 0 ORDER BY account_id
    ON CONFLICT (account_id, slot) DO UPDATE
    SET held = purse.held + EXCLUDED.held, spent = purse.spent + EXCLUDED.spent"""  # noqa: S608 - of constants


async def locked(db: asyncpg.Connection, accounts: Iterable[int]) -> dict[int, int]:
    """Give what accounts may still hold, in millionths, until the end of the transaction."""
    return dict(map(tuple, await db.fetch(_LOCK, sorted(accounts))))


async def available(db: asyncpg.Connection, accounts: Iterable[int]) -> dict[int, int]:
    """Give what accounts may still hold, in millionths."""
    return dict(map(tuple, await db.fetch(_AVAILABLE, list(accounts))))


async def hold(db: asyncpg.Connection, held: Mapping[int, int]) -> None:
    """Hold prices, by account, of purses that are locked."""
    if any(held.values()):
        await db.execute(_HOLD, list(held), list(held.values()))
