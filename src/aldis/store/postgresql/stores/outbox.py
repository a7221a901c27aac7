"""Implements `OutboxStore`."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.hints import Hint, HintStore
from aldis.store.contract.outbox import PostbackFilter, Replayed
from aldis.store.memory.told_postbacks import ToldPostbacks
from aldis.store.postgresql.engine.operations import Item, Operation, Result
from aldis.store.postgresql.reads import due_postbacks, postback_listing
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import outbox


class PostgresqlOutbox(Connections):
    """What it makes due no transaction tells, so the table is asked."""

    told: ToldPostbacks
    hints: HintStore

    lanes = from_pool(postback_listing.lanes)
    dead_letters = from_pool(postback_listing.dead_letters)
    postback = from_pool(postback_listing.postback)
    due_of = from_pool(due_postbacks.due_of)
    tries = from_pool(postback_listing.tries_of)
    ended_webhooks = from_pool(postback_listing.ended_webhooks)

    async def replay(self, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
        return await self._make_due(outbox.replay, outbox.Replay(tuple(postback_ids), now, entry))

    async def replay_dead_letters(
        self, wanted: PostbackFilter, after: int, limit: int, now: int, entry: AuditEntry
    ) -> Replayed:
        item = outbox.ReplayDeadLetters(wanted, after, limit, now, entry)
        return await self._make_due(outbox.replay_dead_letters, item, limit)

    async def try_now(self, wanted: PostbackFilter, limit: int, now: int, entry: AuditEntry) -> int:
        return await self._make_due(outbox.try_now, outbox.TryNow(wanted, limit, now, entry), limit)

    async def _make_due(self, operation: Operation[Item, Result], item: Item, postbacks: int = 1) -> Result:
        try:
            return await self.writer.call(operation, item, messages=postbacks)
        finally:
            self.told.forget()
            self.hints.tell(Hint(postbacks=True))
