"""Leases that end by time, as those of a networked store do, over a store whose own have no end."""

from __future__ import annotations

import msgspec

from aldis.clock import Clock
from aldis.errors import StoreUnavailable
from aldis.store.contract.ownership import Lease, OwnershipStore

HOLDS_MS = 3_000


class TimedLeases:
    """Implements `OwnershipStore`; the clock's monotonic time is the engine's."""

    def __init__(self, kept: OwnershipStore, clock: Clock) -> None:
        self.slots = kept.slots
        self._kept = kept
        self._clock = clock
        #: by resource: the newest, and until when it holds
        self._newest: dict[str, tuple[Lease, float]] = {}
        #: nothing reaches the engine
        self.is_away = False

    def holder_of(self, resource: str) -> str:
        """Tell whose a resource is now; "": nobody's."""
        newest, until = self._newest.get(resource, (None, 0.0))
        return newest.holder if newest is not None and self._clock.monotonic() < until else ""

    async def acquire(self, resource: str, holder: str) -> Lease | None:
        self._look()
        if self.holder_of(resource) not in {"", holder}:
            return None
        lease = await self._kept.acquire(resource, holder)
        return None if lease is None else self._hold(lease)

    async def renew(self, lease: Lease) -> Lease | None:
        self._look()
        renewed = await self._kept.renew(lease)
        return None if renewed is None else self._hold(renewed)

    async def give_back(self, lease: Lease) -> None:
        if await self._kept.renew(lease) is not None:
            self._newest.pop(lease.resource, None)
        await self._kept.give_back(lease)

    def _look(self) -> None:
        if self.is_away:
            raise StoreUnavailable("the engine cannot be reached")

    def _hold(self, lease: Lease) -> Lease:
        lease = msgspec.structs.replace(lease, holds_ms=HOLDS_MS)
        self._newest[lease.resource] = lease, self._clock.monotonic() + HOLDS_MS / 1000
        return lease
