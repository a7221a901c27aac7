"""The stores of the other cells, opened when one is asked for first, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aldis.errors import SettingsError, StoreUnavailable
from aldis.store.contract.cell_exchange import ExchangeStore
from aldis.store.contract.inbound import InboundStore
from aldis.store.contract.shared import OptOutStore


class CellNames(NamedTuple):
    """Which cells there are."""

    #: ours
    own: str
    #: in which the directory is changed, and accounts live that name none
    home: str


class OtherCell(NamedTuple):
    """What is asked of the store of another cell."""

    exchange: ExchangeStore
    inbound: InboundStore
    opt_outs: OptOutStore
    close: Callable[[], Awaitable[None]]


#: opens the store of a cell. Raises SettingsError, StoreUnavailable
OpenCell = Callable[[], Awaitable[OtherCell]]


class OtherStores:
    """Made and closed inside the event loop."""

    def __init__(self, openers: Mapping[str, OpenCell]) -> None:
        """Open nothing yet; `openers`: by the name of the cell."""
        self.names = tuple(openers)
        self._openers = openers
        self._opened: dict[str, OtherCell] = {}
        self._opening = {name: asyncio.Lock() for name in openers}

    async def of(self, cell: str) -> OtherCell:
        """Give the store of a cell. Raises StoreUnavailable."""
        if cell not in self._openers:
            raise StoreUnavailable(f"the settings name no cell `{cell}`")
        async with self._opening[cell]:
            if cell not in self._opened:
                try:
                    self._opened[cell] = await self._openers[cell]()
                except SettingsError as fault:
                    raise StoreUnavailable(f"cell {cell}: {'; '.join(fault.problems)}") from None
            return self._opened[cell]

    async def close(self) -> None:
        """Close those that were opened."""
        for cell in self._opened.values():
            await cell.close()
        self._opened.clear()
