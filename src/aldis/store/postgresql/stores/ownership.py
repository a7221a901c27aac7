"""Implements `OwnershipStore`: leases end by the server's clock, unless they are renewed."""

from __future__ import annotations

from typing import ClassVar

from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.reads import leases
from aldis.store.postgresql.stores.connections import Claiming
from aldis.store.postgresql.writes import ownership
from aldis.traffic.slots import SLOTS


class PostgresqlOwnership(Claiming):
    """Rows of `lease`."""

    slots: ClassVar[int] = SLOTS

    async def acquire(self, resource: str, holder: str) -> Lease | None:
        self.claims.holder = holder
        if await self.reads.ask(leases.is_anothers, resource, holder):
            return None  # without a lock that its owner would have to wait for
        lease = await self.writer.call(ownership.acquire, ownership.Acquire(resource, holder))
        self.claims.drop_fresh()  # the next claim asks the database, and is refused under an earlier lease
        return lease

    async def renew(self, lease: Lease) -> Lease | None:
        return await self.writer.call(ownership.renew, lease)

    async def give_back(self, lease: Lease) -> None:
        await self.writer.call(ownership.give_back, lease)
        self.claims.drop_fresh()
