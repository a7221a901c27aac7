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
#: it is offered when it has waited for a response of ours for so long, and again: its own cell may have heard
#: what the carrier calls the segment later than that; what is older than the last was offered before
WAITS_MS, OLDEST_MS = (2_000, 60_000, 900_000), 3_600_000
AT_ONCE = 500


class ReceiptOffer(Agent):
    """Offers early receipts to the other cells, a few times each."""

    def __init__(self, store: ExchangeStore, others: OtherStores, clock: Clock) -> None:
        super().__init__("receipts of other cells", POLL_S)
        self._store = store
        self._others = others
        self._clock = clock
        #: cells that cannot be reached, which was said
        self._away: set[str] = set()
        #: up to which key each cell was offered them, by how long they had waited
        self._offered = {(cell, waits_ms): 0 for cell in others.names for waits_ms in WAITS_MS}

    async def step(self) -> int:
        """Do one round; returns how many were offered."""
        return sum([await self._offer(cell, waits_ms) for cell, waits_ms in self._offered])

    async def _offer(self, cell: str, waits_ms: int) -> int:
        now = self._clock.now()
        after = self._offered[cell, waits_ms]
        found = await self._store.early_receipts(after, now - OLDEST_MS, now - waits_ms, AT_ONCE)
        if not found:
            return 0
        try:
            other = await self._others.of(cell)
            taken = await other.exchange.offer([receipt for _, receipt in found])
        except TemporaryError as fault:
            if cell not in self._away:
                log.error("receipts cannot be offered to a cell now", cell=cell, fault=str(fault))
            self._away.add(cell)
            return 0
        self._away.discard(cell)
        keys = [key for (key, _), is_taken in zip(found, taken, strict=True) if is_taken]
        if keys:
            await self._store.forget_early(keys)
            log.info("receipts were another cell's", cell=cell, count=len(keys))
        self._offered[cell, waits_ms] = found[-1][0]
        return len(found)
