"""The base of agents whose work only one may do at a time, of however many gateways."""

from __future__ import annotations

from math import inf

import msgspec
import structlog

from aldis.clock import Clock
from aldis.errors import LeaseLost, TemporaryError
from aldis.stages.agent import Agent
from aldis.store.contract.ownership import Lease, OwnershipStore

log = structlog.get_logger()

#: of the time that a lease holds; two more tries are left then
RENEW_AFTER = 1 / 3


class Holder(msgspec.Struct, frozen=True):
    """Who takes leases, under which name."""

    store: OwnershipStore
    name: str
    #: whose monotonic time says how long they hold
    clock: Clock


class Owner(Agent):
    """Takes a lease before it works, renews it while it does, and gives it back at its end. While another has
    it, it asks again each round. Once it is lost, nothing of what was under way is kept; one without end is
    not asked for again, since who took it has the data.
    """

    def __init__(self, name: str, poll_s: float, holder: Holder, resource: str) -> None:
        super().__init__(name, poll_s)
        self._holder = holder
        #: epoch 0: not ours
        self._lease = Lease(resource, holder.name, 0)
        #: by the monotonic clock, when it is to be renewed and when it is over
        self._renew_at = self._owned_until = 0.0
        #: that another has it was said
        self._is_waiting = False

    async def own(self) -> Lease | None:
        """Give our lease, taken or renewed where that is due; None while it is another's, or once when it was
        renewed late. A round begins with this. Raises LeaseLost.
        """
        asked_at, is_late = self._holder.clock.monotonic(), False
        if asked_at < self._renew_at:
            return self._lease
        if self._lease.epoch:
            lease = await self._holder.store.renew(self._lease)
            if lease is None:
                raise LeaseLost(f"epoch {self._lease.epoch} of {self._lease.resource} cannot be renewed")
            is_late = self._holder.clock.monotonic() >= self._owned_until
            if is_late:
                self.lapse()
        else:
            lease = await self._acquire()
            if lease is None:
                return None
        self._lease = lease
        holds_s = inf if lease.holds_ms is None else lease.holds_ms / 1000
        self._renew_at, self._owned_until = asked_at + holds_s * RENEW_AFTER, asked_at + holds_s
        return lease if not is_late and self._holder.clock.monotonic() < self._owned_until else None

    async def _acquire(self) -> Lease | None:
        """Take the lease, unless something of an earlier one is still under way."""
        if self._is_stopping or not self.is_drained:
            return None
        lease = await self._holder.store.acquire(self._lease.resource, self._holder.name)
        if (lease is None) is not self._is_waiting:
            self._is_waiting = lease is None
            log.info("a lease was asked for", agent=self.name, is_anothers=self._is_waiting)
        if lease is not None:
            self._lease = msgspec.structs.replace(lease, epoch=0)  # until what was left behind is released
            await self.begin(lease)
        return lease

    async def begin(self, lease: Lease) -> None:
        """Bring in order what a lost owner left behind, before anything is done under a new lease."""

    def lapse(self) -> None:
        """Hear that the lease was renewed late. Nobody else had it; but whoever waited until we had released
        something has gone on.
        """

    def lose(self) -> None:
        """Hear that the lease is another's."""
        self._lease = msgspec.structs.replace(self._lease, epoch=0)
        self._renew_at = self._owned_until = 0.0
        if self._lease.holds_ms is None:
            self.stop()

    async def run(self) -> None:
        """Work as every agent does, then give the lease back."""
        await super().run()
        lease, self._lease = self._lease, msgspec.structs.replace(self._lease, epoch=0)
        self._renew_at = self._owned_until = 0.0
        if not lease.epoch:
            return
        try:
            await self._holder.store.give_back(lease)
        except TemporaryError as fault:  # the next owner's epoch ends it
            log.error("a lease cannot be given back now", agent=self.name, fault=str(fault))
