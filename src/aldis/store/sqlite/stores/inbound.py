"""Implements `InboundStore` and `ReceiptStore`."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.store.contract.inbound import InboundBatch, RecordedReceipts, ReviewedRange, ReviewedReceipts
from aldis.store.sqlite.reads import inbound as reads
from aldis.store.sqlite.stores.connections import Connections, in_a_thread, on_the_loop
from aldis.store.sqlite.writes import inbound, receipts
from aldis.traffic.receipt import Receipt


class SqliteInbound(Connections):
    """Messages from handsets; some opt somebody out, which the claims must hear of."""

    segments = on_the_loop(reads.segments_of)
    stale = in_a_thread(reads.stale)

    async def record(self, batch: InboundBatch) -> int:
        repeated = await self.writer.call(inbound.record, batch)
        self.claims.drop_fresh()  # what was accepted before may be for somebody who has opted out now
        return repeated


class SqliteReceipts(Connections):
    """Receipts go to the writer."""

    knows = on_the_loop(reads.knows)
    is_among = on_the_loop(reads.is_among)
    unreviewed = on_the_loop(reads.unreviewed_receipts)

    async def record(self, batch: Sequence[Receipt]) -> RecordedReceipts:
        return await self.writer.call(receipts.record, batch, messages=len(batch))

    async def review(self, review: ReviewedRange) -> ReviewedReceipts:
        return await self.writer.call(receipts.review, review)
