"""Implements `ReceiptStore`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.writes import receipts
from aldis.traffic.receipt import Receipt


class SqliteReceipts(msgspec.Struct, frozen=True):
    """Receipts go to the writer."""

    writer: Writer

    async def record(self, batch: Sequence[Receipt]) -> int:
        return await self.writer.call(receipts.record, batch, messages=len(batch))
