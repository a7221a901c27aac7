"""Has nothing more go to people who opt out: not from this gateway, nor from any other on the same data.

A message that is claimed is in the memory of the gateway that will submit it. So each follows who opts out,
gives back what it had claimed for them, and says how far it is; whoever tells a person yes waits until all
have, or may submit nothing any more because their leases are over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from aldis.errors import OptOutPending
from aldis.stages.agent import Agent
from aldis.store.contract.shared import OptOutStore, SharedStore

log = structlog.get_logger()

#: (sender, number)
People = set[tuple[str, str]]

#: how often each looks who has opted out elsewhere
POLL_S = 0.25
#: changes of consents that are looked at together
AT_ONCE = 1_000
#: how often, and how long, others are waited for: a lease is over sooner
AGAIN_S, PATIENCE_S = 0.05, 10.0


class OptOutBarrier:
    """Releases what is claimed for people who have opted out."""

    def __init__(
        self,
        release: Callable[[People], None],
        shared: SharedStore | None = None,
        holder: str = "",
        delay: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`release`: has this process's senders give back what goes to them; `shared`: None where no other
        gateway can be; `holder`: whom our leases name, "" for a process that feeds no link; `delay`: waits so
        many seconds.
        """
        self.release = release
        self._store = None if shared is None else shared.opt_outs
        self._holder = holder
        self._delay = delay

    async def settle(self) -> None:
        """Wait until all other gateways have released what they had for whoever has opted out by now. Raises
        OptOutPending, also when that takes too long.
        """
        if self._store is None:
            return
        up_to, left = await self._store.not_released(self._holder, None)
        for _ in range(round(PATIENCE_S / AGAIN_S)):
            if not left:
                return
            await self._delay(AGAIN_S)
            _, left = await self._store.not_released(self._holder, up_to)
        log.error("gateways have not released messages to people who opted out", gateways=left)
        raise OptOutPending


class OptOutFollower(Agent):
    """Releases what this gateway has for people who opt out at others, and says so."""

    def __init__(self, store: OptOutStore, holder: str, release: Callable[[People], None]) -> None:
        """`release`: as of `OptOutBarrier`."""
        super().__init__("opt-out follower", POLL_S)
        self._store = store
        self._holder = holder
        self._release = release
        #: up to which change we have released all, and have said so
        self._released = self._said = 0

    async def begin(self) -> None:
        """Say, before anything is claimed, that nothing is."""
        self._released = self._said = await self._store.join(self._holder)

    async def step(self) -> int:
        """Do one round; returns by how many changes it came on."""
        found = await self._store.opted_out(self._released, AT_ONCE)
        if found.people:
            self._release(found.people)
        came_on, self._released = found.up_to - self._released, found.up_to
        if self._said < found.up_to:
            await self._store.released(self._holder, found.up_to)
            self._said = found.up_to
        return came_on
