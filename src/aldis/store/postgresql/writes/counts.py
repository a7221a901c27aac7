"""The write that forgets what gateways have counted together, once it counts no more."""

from __future__ import annotations

import asyncpg

from aldis.store.postgresql.engine.operations import operation
from aldis.store.postgresql.writes import failures, nonces

#: a request that was signed earlier is refused for its timestamp, by far
NONCES_S = 3_600


@operation(rank=8)
async def forget(db: asyncpg.Connection, instants: list[int]) -> list[None]:
    """Forget what is old by now."""
    now = max(instants)
    await db.execute(nonces.FORGET_OLD, now // 1000 - NONCES_S)
    await db.execute(failures.FORGET_OLD, now - failures.FORGET_MS, failures.MOST)
    return [None] * len(instants)
