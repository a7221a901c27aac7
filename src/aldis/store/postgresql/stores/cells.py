"""Implements `CellStore`."""

from __future__ import annotations

from aldis.store.postgresql.stores.connections import Connections
from aldis.store.postgresql.writes import cells


class PostgresqlCells(Connections):
    """The counter `cell`."""

    async def number(self, wanted: int) -> int:
        return await self.writer.call(cells.number, wanted)
