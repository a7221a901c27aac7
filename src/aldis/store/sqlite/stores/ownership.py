"""Implements `OwnershipStore`: its one owner is whoever holds the data directory's lock, so a lease needs no
clock, and a new one is never refused.
"""

from __future__ import annotations

from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import ownership


class SqliteOwnership(Connections):
    """Rows of `lease`."""

    async def acquire(self, resource: str, holder: str) -> Lease:
        return await self.writer.call(ownership.acquire, ownership.Acquire(resource, holder))

    async def renew(self, lease: Lease) -> bool:
        return ownership.is_newest(self.reader, lease)

    async def give_back(self, lease: Lease) -> None:
        await self.writer.call(ownership.give_back, lease)
