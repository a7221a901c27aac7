"""The ids that all stages of a process take: from one stock, so that ids grow with time and lists that run by
id run by time.

The stock is reserved in the store, a block at a time, so that no id costs a round trip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aldis.store.contract.admission import IdBlockStore
from aldis.traffic.ids import ROW_IDS, IdBlocks

#: ids reserved at a time; a crash leaves at most this many unused
ID_BLOCK = 10_000


class SharedIds:
    """An `IdStore` with a stock."""

    def __init__(self, store: IdBlockStore) -> None:
        self._store = store
        #: for whoever looks first whether there are enough, and takes them without a wait
        self.blocks = IdBlocks()
        self._refilling = asyncio.Lock()

    async def take_ids(self, count: int) -> Sequence[int]:
        """Give ids above all that were given before."""
        await self.refill(count)
        return self.blocks.take(count)

    async def refill(self, count: int) -> None:
        """Have so many in stock for whoever takes them before the next wait."""
        async with self._refilling:  # one block at a time, however many wait for it
            while self.blocks.left < count:
                self.blocks.add(await self._store.take_ids(min(max(ID_BLOCK, count), ROW_IDS)))
