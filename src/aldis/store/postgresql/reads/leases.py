"""Whether leases are the newest, for reads."""

from __future__ import annotations

import asyncpg

from aldis.errors import LeaseLost
from aldis.store.contract.ownership import Lease

_IS_NEWEST = "SELECT 1 FROM lease WHERE resource = $1 AND epoch = $2"


async def check(db: asyncpg.Connection, lease: Lease) -> None:
    """Raise LeaseLost where a lease is not the newest any more, which it may be a moment later."""
    if await db.fetchval(_IS_NEWEST, lease.resource, lease.epoch) is None:
        raise lost(lease)


def lost(lease: Lease) -> LeaseLost:
    """Say which lease is over."""
    return LeaseLost(f"epoch {lease.epoch} of {lease.resource} is over, which was {lease.holder}'s")
