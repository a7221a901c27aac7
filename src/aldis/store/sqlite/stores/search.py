"""Implements `SearchStore`: what may scan in a thread of the operators' own, points on the loop."""

from __future__ import annotations

from aldis.store.contract.search import (
    Grouping,
    InboundFilter,
    InboundPage,
    MessageFilter,
    MessagePage,
    MessageView,
    Sum,
)
from aldis.store.sqlite.reads import messages, searching, sums
from aldis.store.sqlite.stores.connections import Connections


class SqliteSearch(Connections):
    """Operators must keep neither the gateway nor customers waiting, so `scans` are their own."""

    async def messages(self, wanted: MessageFilter, before: int, limit: int) -> MessagePage:
        return await self.scans.ask(searching.search, wanted, before, limit)

    async def message(self, message_id: int) -> MessageView | None:
        return messages.view(self.reader, message_id)

    async def inbound(self, wanted: InboundFilter, before: int, limit: int) -> InboundPage:
        return await self.scans.ask(messages.inbound, wanted, before, limit)

    async def sums(self, wanted: MessageFilter, by: Grouping) -> list[Sum]:
        bounds = await self.scans.ask(searching.id_bounds, wanted)
        total = sums.Total()
        below = bounds[1]
        while below > bounds[0]:
            part, below = await self.scans.ask(sums.part, wanted, by, (bounds[0], below))
            total.add(part)
        return total.sums()
