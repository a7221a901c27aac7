"""Follows operators' orders to links: running, draining, stopped. The order is a row in the store, so that it
outlives a restart and may come from another process.

Draining and stopping both end with the link closed. Draining waits until everything in flight has its
outcome; stopping gives the carrier a moment to answer, and what is in doubt then is treated as after a lost
connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
import structlog

from aldis.stages.agent import Agent
from aldis.stages.sending.sender import Sender
from aldis.stages.sending.upstream import Operated
from aldis.store.contract.link_states import LinkStateStore, Wanted

log = structlog.get_logger()

POLL_S = 0.5
#: how long the carrier may take to answer what is in flight and the unbind, when a link is stopped
GRACE_S = 2.0


class Line(msgspec.Struct, frozen=True):
    """A link and who feeds it."""

    link: Operated
    sender: Sender


class OrderFollower(Agent):
    """Brings every link to what is wanted of it."""

    def __init__(self, store: LinkStateStore, lines: Mapping[str, Line]) -> None:
        super().__init__("link orders", POLL_S)
        self._store = store
        self._lines = lines
        #: what is wanted, as far as it was followed; the others run
        self._wanted: dict[str, Wanted] = {}
        self._closed: set[str] = set()

    async def step(self) -> int:
        """Do one round; returns how many links were opened or closed."""
        orders = await self._store.wanted()
        for name, line in self._lines.items():
            order = orders.get(name)
            wanted = Wanted.RUNNING if order is None else order.wanted
            if wanted is not self._wanted.get(name, Wanted.RUNNING):
                self._wanted[name] = wanted
                self._hear(line, wanted)
        # all at once: one whose carrier does not answer keeps the others waiting for nothing
        return sum(await asyncio.gather(*(self._follow(name, line) for name, line in self._lines.items())))

    def takes(self, name: str) -> bool:
        """Tell whether a link takes messages, as far as operators are concerned."""
        return self._wanted.get(name, Wanted.RUNNING) is Wanted.RUNNING

    def _hear(self, line: Line, wanted: Wanted) -> None:
        log.info("a link was ordered otherwise", link=line.link.name, wanted=wanted.value)
        if wanted is Wanted.RUNNING:
            line.sender.resume()
        else:
            line.sender.hold()

    async def _follow(self, name: str, line: Line) -> int:
        """Open or close a link where that is due."""
        wanted = self._wanted.get(name, Wanted.RUNNING)
        if wanted is Wanted.RUNNING:
            if name not in self._closed:
                return 0
            self._closed.discard(name)
            line.link.open()
            return 1
        if name in self._closed or (wanted is Wanted.DRAINING and not line.sender.is_drained):
            return 0
        self._closed.add(name)
        await line.link.close(GRACE_S)
        return 1
