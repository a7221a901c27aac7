"""Whether leases are the newest, for reads."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from aldis.errors import LeaseLost
from aldis.store.contract.ownership import Lease

_EPOCHS = "SELECT resource, epoch FROM lease WHERE resource = ANY($1::text[])"
_IS_ANOTHERS = """
SELECT 1 FROM lease WHERE resource = $1 AND holder NOT IN ('', $2) AND until > clock_timestamp()"""


async def check(db: asyncpg.Connection, leases: Sequence[Lease]) -> None:
    """Raise LeaseLost where one of these is not the newest any more, which it may be a moment later."""
    newest: dict[str, int] = dict(map(tuple, await db.fetch(_EPOCHS, [lease.resource for lease in leases])))
    for lease in leases:
        if newest.get(lease.resource) != lease.epoch:
            raise lost(lease)


async def is_anothers(db: asyncpg.Connection, resource: str, holder: str) -> bool:
    """Tell whether somebody else has a resource, and its lease is not over."""
    return await db.fetchval(_IS_ANOTHERS, resource, holder) is not None


def lost(lease: Lease) -> LeaseLost:
    """Say which lease is over."""
    return LeaseLost(f"epoch {lease.epoch} of {lease.resource} is over, which was {lease.holder}'s")
