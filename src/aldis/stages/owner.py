"""The base of agents whose work only one may do at a time, of however many gateways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from math import inf
from typing import Protocol

import msgspec
import structlog

from aldis.clock import Clock
from aldis.errors import LeaseLost, TemporaryError
from aldis.stages.agent import Agent
from aldis.store.contract.ownership import Lease, OwnershipStore

log = structlog.get_logger()

#: of the time that a lease holds; two more tries are left then
RENEW_AFTER = 1 / 3
#: who works looks this often for what it is to have by now
LOOK_S = 0.25


class Peers(Protocol):
    """Who shares what is to be owned."""

    @property
    def takes_part(self) -> bool:
        """Whether we are to own what only one can."""

    def wanted(self, divided: str) -> Collection[int]:
        """Tell which slots of something are to be ours just now."""


class Holder(msgspec.Struct):
    """Who takes leases, under which name."""

    store: OwnershipStore
    name: str
    #: whose monotonic time says how long they hold
    clock: Clock
    #: None: nobody else does
    nodes: Peers | None = None

    def slots_of(self, divided: str) -> set[str]:
        """Name the slots of something (`link/NAME`) that are to be ours just now."""
        if self.nodes is None or self.store.slots == 1:
            slots: Collection[int] = range(self.store.slots)
        else:
            slots = self.nodes.wanted(divided)
        return {f"{divided}/{slot}" for slot in slots}

    def whole(self, resource: str) -> set[str]:
        """Name what only one can have, unless others are to."""
        return {resource} if self.nodes is None or self.nodes.takes_part else set()


class Owner(Agent):
    """Takes leases of the resources that it is to have before it works, renews them while it does, and gives
    them back at its end. While another has one, it asks again each round. What it is to have no more it gives
    back in order: it begins nothing new of it, and finishes what is under way. Once one is lost, nothing of
    what was under way is kept; those without end are not asked for again, since who took one has the data.
    """

    def __init__(
        self, name: str, poll_s: float, holder: Holder, wanted: Callable[[], Collection[str]]
    ) -> None:
        """`wanted`: names the resources that it is to have just now."""
        super().__init__(name, poll_s)
        self._holder = holder
        self._wanted = wanted
        #: all that are ours, also those that are not begun yet, or are to be given back
        self.leases: tuple[Lease, ...] = ()
        #: those of which work may begin
        self._held: tuple[Lease, ...] = ()
        #: those whose work has not begun
        self._new: tuple[Lease, ...] = ()
        #: by the monotonic clock, when to look at them next, when they are to be renewed and when one is over
        self._look_at = self._renew_at = self._owned_until = 0.0
        #: that another has one was said
        self._is_waiting = False

    async def own(self) -> tuple[Lease, ...]:
        """Give the leases of which work may begin, taken, renewed or given back where that is due; none,
        once, when they were renewed late. A round begins with this. Raises LeaseLost.
        """
        now, is_late = self._holder.clock.monotonic(), False
        if now < self._look_at:
            return self._held
        if self.leases and now >= self._renew_at:
            is_late = await self._renew(now)
        wanted = self._wanted()
        await self._leave(wanted)
        await self._acquire(wanted, now)
        if self._new:
            await self.begin(self._new)
            self._new = ()
        self._held = self._among(wanted)
        self._look_at = min(now + LOOK_S, self._renew_at) if self._held else 0.0
        return self._held if not is_late and self._holder.clock.monotonic() < self._owned_until else ()

    def _among(self, wanted: Collection[str]) -> tuple[Lease, ...]:
        """Give ours that are wanted; the same object as before where they are the same."""
        held = tuple(lease for lease in self.leases if lease.resource in wanted)
        return self._held if held == self._held else held

    async def _renew(self, now: float) -> bool:
        """Renew all of ours; tells whether that was late."""
        leases = self.leases
        renewed = await asyncio.gather(*map(self._holder.store.renew, leases))
        for lease, answer in zip(leases, renewed, strict=True):
            if answer is None:
                raise LeaseLost(f"epoch {lease.epoch} of {lease.resource} cannot be renewed")
        if self.leases is not leases:  # they were lost meanwhile
            return False
        is_late = self._holder.clock.monotonic() >= self._owned_until
        if is_late:
            self.lapse()
        self._renew_at = self._owned_until = inf
        self._note_time(now, leases)
        return is_late

    async def _leave(self, wanted: Collection[str]) -> None:
        """Give back what we are to have no more, once nothing of it is under way."""
        leaving = [lease for lease in self.leases if lease.resource not in wanted]
        if not leaving:
            return
        self._held = self._among(wanted)
        self.leave(leaving)
        clear = [lease for lease in leaving if self.is_clear(lease.resource)]
        self.leases = tuple(lease for lease in self.leases if lease not in clear)
        self._new = tuple(lease for lease in self._new if lease not in clear)
        for lease in clear:
            log.info("a lease is given back", agent=self.name, resource=lease.resource)
            await self._holder.store.give_back(lease)

    async def _acquire(self, wanted: Collection[str], now: float) -> None:
        """Take what we are to have and nobody has, once nothing of an earlier lease is under way."""
        ours = {lease.resource for lease in self.leases}
        missing = [each for each in sorted(wanted) if each not in ours and self.is_clear(each)]
        if self._is_stopping or not missing:
            return
        store, name = self._holder.store, self._holder.name
        answers = await asyncio.gather(*(store.acquire(resource, name) for resource in missing))
        taken = tuple(lease for lease in answers if lease is not None)
        is_waiting = len(taken) < len(missing)
        if is_waiting is not self._is_waiting:
            self._is_waiting = is_waiting
            log.info("a lease was asked for", agent=self.name, is_anothers=is_waiting)
        if not self.leases:
            self._renew_at = self._owned_until = inf
        self._note_time(now, taken)
        self.leases += taken
        self._new += taken

    def _note_time(self, asked_at: float, leases: Iterable[Lease]) -> None:
        for lease in leases:
            if lease.holds_ms is not None:
                holds_s = lease.holds_ms / 1000
                self._renew_at = min(self._renew_at, asked_at + holds_s * RENEW_AFTER)
                self._owned_until = min(self._owned_until, asked_at + holds_s)

    async def begin(self, leases: tuple[Lease, ...]) -> None:
        """Bring in order what lost owners left behind, before anything is done under new leases."""

    def leave(self, leases: Collection[Lease]) -> None:
        """Begin nothing more under these, and release what can be. Called until they are clear."""

    def is_clear(self, resource: str) -> bool:  # noqa: ARG002 - for those that have several
        """Tell whether nothing of a resource is under way."""
        return self.is_drained

    def lapse(self) -> None:
        """Hear that leases were renewed late. Nobody else had them; but whoever waited until we had released
        something has gone on.
        """

    def lose(self) -> None:
        """Hear that a lease is another's."""
        if any(lease.holds_ms is None for lease in self.leases):
            self.stop()
        self._drop_leases()

    def _drop_leases(self) -> None:
        self.leases = self._held = self._new = ()
        self._look_at = self._renew_at = self._owned_until = 0.0

    async def run(self) -> None:
        """Work as every agent does, then give the leases back."""
        await super().run()
        leases = self.leases
        self._drop_leases()
        try:
            await asyncio.gather(*map(self._holder.store.give_back, leases))
        except TemporaryError as fault:  # the next owner's epoch ends it
            log.error("leases cannot be given back now", agent=self.name, fault=str(fault))
