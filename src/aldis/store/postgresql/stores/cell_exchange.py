"""Implements `ExchangeStore`."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.store.contract.cell_exchange import DirectoryCopy, SaidConsents
from aldis.store.postgresql.reads import cell_exchange as reads
from aldis.store.postgresql.stores.connections import Claiming, from_pool
from aldis.store.postgresql.writes import cell_exchange, receipts
from aldis.traffic.receipt import Receipt


class PostgresqlExchange(Claiming):
    """`cell_taken`, and what other tables have."""

    consents_after = from_pool(reads.consents_after)
    consents_taken = from_pool(reads.consents_taken)
    consents_newest = from_pool(reads.consents_newest)
    directory_copy = from_pool(reads.directory_copy)
    directory_taken = from_pool(reads.directory_taken)
    early_receipts = from_pool(reads.early_receipts)

    async def take_consents(self, cell: str, said: SaidConsents) -> None:
        await self.writer.call(cell_exchange.take_consents, cell_exchange.TakenConsents(cell, said))
        self.claims.drop_fresh()  # what was accepted before may be for somebody who has opted out now

    async def take_directory(self, copy: DirectoryCopy) -> None:
        await self.writer.call(cell_exchange.take_directory, copy)

    async def offer(self, receipts_of_others: Sequence[Receipt]) -> list[bool]:
        return await self.writer.call(receipts.offer, receipts_of_others, messages=len(receipts_of_others))

    async def forget_early(self, keys: Sequence[int]) -> None:
        await self.writer.call(receipts.forget_early, keys)
