"""Implements `EventStore`."""

from __future__ import annotations

import msgspec

from aldis.store.contract.events import EventPosition, GatewayEvent
from aldis.store.sqlite.engine.read_pool import Scans
from aldis.store.sqlite.writes import watching


class SqliteEvents(msgspec.Struct, frozen=True):
    """Reads the newest rows."""

    scans: Scans

    async def after(self, position: EventPosition, until: int, limit: int) -> list[GatewayEvent]:
        return await self.scans.ask(watching.happened, position, until, limit)
