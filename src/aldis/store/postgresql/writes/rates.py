"""The write of what accounts may use a second, which gateways share."""

from __future__ import annotations

import asyncpg

from aldis.store.contract.shared import Borrowing, Loan
from aldis.store.postgresql.engine.operations import operation
from aldis.store.rules.rates import Level, lend

#: also of those that have used nothing yet
_LOCK = """
INSERT INTO rate AS r (account_id, unit, level, at)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::double precision[], $4::bigint[])
    AS k (account_id, unit, level, at) ORDER BY account_id, unit
ON CONFLICT (account_id, unit) DO UPDATE SET level = r.level RETURNING account_id, unit, level, at"""
_KEEP = """
UPDATE rate r SET level = k.level, at = k.at
FROM unnest($1::bigint[], $2::text[], $3::double precision[], $4::bigint[])
    AS k (account_id, unit, level, at) WHERE r.account_id = k.account_id AND r.unit = k.unit"""


#: before what others lock, and after nonces and failures
@operation(rank=-2)
async def borrow(db: asyncpg.Connection, items: list[Borrowing]) -> list[Loan]:
    """Lend tokens."""
    full = {(item.account_id, item.unit): Level(item.burst, item.now) for item in items}
    rows = await db.fetch(_LOCK, *_columns(full))
    levels = {(account_id, unit): Level(tokens, at) for account_id, unit, tokens, at in rows}
    loans = []
    for item in items:
        place = item.account_id, item.unit
        loan, levels[place] = lend(levels[place], item)
        loans.append(loan)
    await db.execute(_KEEP, *_columns(levels))
    return loans


def _columns(levels: dict[tuple[int, str], Level]) -> zip[tuple[object, ...]]:
    return zip(*[(*place, *level) for place, level in levels.items()], strict=True)
