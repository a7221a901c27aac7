"""Implements `ReceiptStore`."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import receipts
from aldis.traffic.receipt import Receipt


class SqliteReceipts(Connections):
    """Receipts go to the writer."""

    async def record(self, batch: Sequence[Receipt]) -> int:
        return await self.writer.call(receipts.record, batch, messages=len(batch))
