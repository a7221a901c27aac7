"""What a cell keeps of itself: one database with its gateways, among others that have other accounts."""

from __future__ import annotations

from typing import Protocol


class CellStore(Protocol):
    """The cell of the store."""

    async def number(self, wanted: int) -> int:
        """Give the cell's number (below `CELLS`), which is part of its ids: `wanted`, if it has none yet."""
