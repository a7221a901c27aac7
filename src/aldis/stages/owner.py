"""The base of agents whose work only one may do at a time, of however many gateways."""

from __future__ import annotations

import msgspec
import structlog

from aldis.errors import TemporaryError
from aldis.stages.agent import Agent
from aldis.store.contract.ownership import Lease, OwnershipStore

log = structlog.get_logger()


class Holder(msgspec.Struct, frozen=True):
    """Who takes leases, under which name."""

    store: OwnershipStore
    name: str


class Owner(Agent):
    """Takes a lease before it works and gives it back at its end. Once the lease is lost, it stops: the work
    is somebody else's, and nothing of ours is kept.
    """

    def __init__(self, name: str, poll_s: float, holder: Holder, resource: str) -> None:
        super().__init__(name, poll_s)
        self._holder = holder
        #: epoch 0: not taken
        self._lease = Lease(resource, holder.name, 0)

    async def own(self) -> Lease:
        """Give our lease; takes it where we have none. A round begins with this."""
        if not self._lease.epoch:
            self._lease = await self._holder.store.acquire(self._lease.resource, self._holder.name)
        return self._lease

    async def run(self) -> None:
        """Work as every agent does, then give the lease back."""
        await super().run()
        lease, self._lease = self._lease, msgspec.structs.replace(self._lease, epoch=0)
        try:
            await self._holder.store.give_back(lease)
        except TemporaryError as fault:  # the next owner's epoch ends it
            log.error("a lease cannot be given back now", agent=self.name, fault=str(fault))
