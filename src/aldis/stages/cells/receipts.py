"""Brings receipts home that came to a cell whose messages they are not about: where cells share an account at
a carrier, it sends them to whichever is bound.
"""

from __future__ import annotations

import structlog

from aldis.clock import Clock
from aldis.errors import TemporaryError
from aldis.stages.agent import Agent
from aldis.stages.cells.other_stores import OtherStores
from aldis.store.contract.cell_exchange import ExchangeStore

log = structlog.get_logger()

POLL_S = 1.0
#: for so long a receipt waits for a response of ours; what is older than the other was offered before
WAITS_MS, OLDEST_MS = 2_000, 3_600_000
AT_ONCE = 500


class ReceiptOffer(Agent):
    """Offers early receipts to the other cells, once each."""

    def __init__(self, store: ExchangeStore, others: OtherStores, clock: Clock) -> None:
        super().__init__("receipts of other cells", POLL_S)
        self._store = store
        self._others = others
        self._clock = clock
        #: up to which key each cell was offered them
        self._offered = dict.fromkeys(others.names, 0)

    async def step(self) -> int:
        """Do one round; returns how many were offered."""
        return sum([await self._offer(cell) for cell in self._others.names])

    async def _offer(self, cell: str) -> int:
        now = self._clock.now()
        found = await self._store.early_receipts(self._offered[cell], now - WAITS_MS, AT_ONCE)
        recent = [(key, receipt) for key, receipt in found if receipt.received_at > now - OLDEST_MS]
        if recent:
            try:
                other = await self._others.of(cell)
                taken = await other.exchange.offer([receipt for _, receipt in recent])
            except TemporaryError as fault:
                log.error("receipts cannot be offered to a cell now", cell=cell, fault=str(fault))
                return 0
            keys = [key for (key, _), is_taken in zip(recent, taken, strict=True) if is_taken]
            if keys:
                await self._store.forget_early(keys)
                log.info("receipts were another cell's", cell=cell, count=len(keys))
        if found:
            self._offered[cell] = found[-1][0]
        return len(found)
