"""Implements `OwnershipStore`: its one owner is whoever holds the data directory's lock, so a lease needs no
clock, and a new one is never refused.
"""

from __future__ import annotations

from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.stores.connections import Connections, on_the_loop
from aldis.store.sqlite.writes import ownership


class SqliteOwnership(Connections):
    """Rows of `lease`."""

    renew = on_the_loop(ownership.is_newest)

    async def acquire(self, resource: str, holder: str) -> Lease:
        return await self.writer.call(ownership.acquire, ownership.Acquire(resource, holder))

    async def give_back(self, lease: Lease) -> None:
        await self.writer.call(ownership.give_back, lease)
