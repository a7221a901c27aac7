"""The writes of a cell about itself."""

from __future__ import annotations

import asyncpg

from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.traffic.ids import CELLS

_NUMBER = """
INSERT INTO counter AS c (name, value) VALUES ('cell', $1)
ON CONFLICT (name) DO UPDATE SET value = c.value RETURNING value"""


@operation_on_each
async def number(db: asyncpg.Connection, wanted: int) -> int:
    """Keep the cell's number, if it has none yet; gives the one that it has."""
    if not 0 <= wanted < CELLS:
        raise ValueError(f"a cell cannot have the number {wanted}")
    return int(await db.fetchval(_NUMBER, wanted))
