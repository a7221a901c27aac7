"""Implements `RefusalStore`."""

from __future__ import annotations

from aldis.store.contract.refusals import KeptRefusals
from aldis.store.sqlite.reads import refusals as read
from aldis.store.sqlite.stores.connections import Connections, in_a_thread
from aldis.store.sqlite.writes import refusals


class SqliteRefusals(Connections):
    """Rows of `refused_request`."""

    latest = in_a_thread(read.latest)

    async def keep(self, wanted: KeptRefusals) -> None:
        await self.writer.call(refusals.keep, wanted)
