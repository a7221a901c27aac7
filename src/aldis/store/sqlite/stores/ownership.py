"""Implements `OwnershipStore`: its one owner is whoever holds the data directory's lock, so a lease needs no
time, and a new one is never refused.
"""

from __future__ import annotations

from typing import ClassVar

from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import ownership


class SqliteOwnership(Connections):
    """Rows of `lease`."""

    slots: ClassVar[int] = 1

    async def renew(self, lease: Lease) -> Lease | None:
        return lease if ownership.is_newest(self.reader, lease) else None

    async def acquire(self, resource: str, holder: str) -> Lease:
        lease = await self.writer.call(ownership.acquire, ownership.Acquire(resource, holder))
        self.claims.drop_fresh()  # the next claim asks the file, and is refused under an earlier lease
        return lease

    async def give_back(self, lease: Lease) -> None:
        await self.writer.call(ownership.give_back, lease)
        self.claims.drop_fresh()
