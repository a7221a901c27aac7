"""The slots of one resource that an agent has: takes those that it is to have, renews their leases, and gives
back those that it is not to have any more, each once nothing of it is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

import structlog

from aldis.errors import LeaseLost, TemporaryError
from aldis.stages.owner import RENEW_AFTER, Holder
from aldis.store.contract.ownership import Lease

log = structlog.get_logger()

#: how often it is looked what is to be done
LOOK_S = 0.25


class SlotLeases:
    """Leases by slot."""

    def __init__(
        self, holder: Holder, name_of: Callable[[int], str], wanted: Callable[[], frozenset[int]]
    ) -> None:
        """`name_of`: names a slot's resource; `wanted`: which slots we are to have now."""
        self._holder = holder
        self._name_of = name_of
        self._wanted = wanted
        self._leases: dict[int, Lease] = {}
        #: by the monotonic clock, when they are to be renewed, and when the first of them is over
        self._look_at = self._renew_at = self._owned_until = 0.0
        #: those of which new work may begin
        self.served: frozenset[int] = frozenset()

    @property
    def is_over(self) -> bool:
        """Whether they may be another's by now, so that nothing may be begun."""
        return self._holder.clock.monotonic() >= self._owned_until

    def of(self, slot: int) -> Lease:
        """Give the lease of a slot that we have."""
        return self._leases[slot]

    async def look(self, is_busy: Callable[[int, Lease], bool], *, is_leaving: bool) -> None:
        """Do what is due: a few times a second, however often it is called. `is_busy`: whether anything of a
        slot is under way; `is_leaving`: whether we are to have none. Raises LeaseLost.
        """
        now = self._holder.clock.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        if self._leases and now >= self._renew_at:
            await self._renew()
        wanted: frozenset[int] = frozenset() if is_leaving else self._wanted()
        self.served = wanted.intersection(self._leases)
        for slot in [slot for slot in self._leases if slot not in wanted]:
            if not is_busy(slot, self._leases[slot]):
                await self._holder.store.give_back(self._leases.pop(slot))
        missing = sorted(wanted.difference(self._leases))
        if missing:
            await self._take(missing)
            self.served = wanted.intersection(self._leases)

    def lose(self) -> None:
        """Hear that some of them are another's: of those that are not, new leases are taken."""
        self._leases.clear()
        self.served = frozenset()
        self._look_at = self._owned_until = 0.0

    async def give_all_back(self) -> None:
        """Give back what we have: nothing is under way any more."""
        leases = list(self._leases.values())
        self.lose()
        try:
            await asyncio.gather(*map(self._holder.store.give_back, leases))
        except TemporaryError as fault:  # the next owners' epochs end them
            log.error("leases cannot be given back now", count=len(leases), fault=str(fault))

    async def _renew(self) -> None:
        asked_at, slots = self._holder.clock.monotonic(), list(self._leases)
        renewed = await asyncio.gather(*map(self._holder.store.renew, self._leases.values()))
        if lost := [slot for slot, lease in zip(slots, renewed, strict=True) if lease is None]:
            raise LeaseLost(f"{', '.join(map(self._name_of, lost))} cannot be renewed")
        self._hold(asked_at, [lease for lease in renewed if lease is not None], inf)

    async def _take(self, slots: list[int]) -> None:
        asked_at, until = self._holder.clock.monotonic(), self._owned_until if self._leases else inf
        store, name = self._holder.store, self._holder.name
        taken = await asyncio.gather(*(store.acquire(self._name_of(slot), name) for slot in slots))
        found = {slot: lease for slot, lease in zip(slots, taken, strict=True) if lease is not None}
        if found:
            log.info("slots were taken", slots=[lease.resource for lease in found.values()])
            self._leases |= found
            self._hold(asked_at, list(found.values()), until)

    def _hold(self, asked_at: float, leases: list[Lease], until: float) -> None:
        """Hear for how long leases hold, of which those that we have besides end at `until`."""
        holds_s = min(inf if lease.holds_ms is None else lease.holds_ms / 1000 for lease in leases)
        self._owned_until = min(until, asked_at + holds_s)
        self._renew_at = self._owned_until - holds_s * (1 - RENEW_AFTER)
