"""Implements `InboundStore` and `ReceiptStore`."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.store.contract.inbound import InboundBatch, RecordedReceipts, ReviewedRange, ReviewedReceipts
from aldis.store.postgresql.reads import carriers
from aldis.store.postgresql.stores.connections import Claiming, Connections, from_pool, told_as_temporary
from aldis.store.postgresql.writes import inbound, receipts
from aldis.traffic.receipt import Receipt


class PostgresqlInbound(Claiming):
    """Messages from handsets; some opt somebody out, which the claims must hear of."""

    segments = from_pool(carriers.segments_of)
    stale = from_pool(carriers.stale)

    async def record(self, batch: InboundBatch) -> int:
        with told_as_temporary():
            repeated = await self.writer.call(inbound.record, batch)
        self.claims.drop_fresh()  # what was accepted before may be for somebody who has opted out now
        return repeated


class PostgresqlReceipts(Connections):
    """Receipts go to the writer."""

    knows = from_pool(carriers.knows)
    is_among = from_pool(carriers.is_among)
    unreviewed = from_pool(carriers.unreviewed_receipts)

    async def record(self, batch: Sequence[Receipt]) -> RecordedReceipts:
        return await self.writer.call(receipts.record, batch, messages=len(batch))

    async def review(self, review: ReviewedRange) -> ReviewedReceipts:
        return await self.writer.call(receipts.review, review)
