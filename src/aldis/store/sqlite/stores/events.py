"""Implements `EventStore`."""

from __future__ import annotations

from aldis.store.contract.events import EventPosition, GatewayEvent
from aldis.store.sqlite.reads import events
from aldis.store.sqlite.stores.connections import Connections


class SqliteEvents(Connections):
    """Reads the newest rows."""

    async def after(self, position: EventPosition, until: int, limit: int) -> list[GatewayEvent]:
        return await self.scans.ask(events.happened, position, until, limit)
