"""Implements `OutboxStore`."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.outbox import PostbackFilter, Replayed
from aldis.store.sqlite.reads import postback_listing, postbacks
from aldis.store.sqlite.stores.connections import Connections, in_a_thread, on_the_loop
from aldis.store.sqlite.writes import outbox


class SqliteOutbox(Connections):
    """Lists on the operators' scans."""

    lanes = in_a_thread(postback_listing.lanes)
    dead_letters = in_a_thread(postback_listing.dead_letters)
    postback = on_the_loop(postback_listing.postback)
    due_of = on_the_loop(postbacks.due_of)
    tries = on_the_loop(postback_listing.tries_of)
    ended_webhooks = on_the_loop(postback_listing.ended_webhooks)

    async def replay(self, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
        return await self.writer.call(outbox.replay, outbox.Replay(tuple(postback_ids), now, entry))

    async def replay_dead_letters(
        self, wanted: PostbackFilter, after: int, limit: int, now: int, entry: AuditEntry
    ) -> Replayed:
        item = outbox.ReplayDeadLetters(wanted, after, limit, now, entry)
        return await self.writer.call(outbox.replay_dead_letters, item, messages=limit)

    async def try_now(self, wanted: PostbackFilter, limit: int, now: int, entry: AuditEntry) -> int:
        item = outbox.TryNow(wanted, limit, now, entry)
        return await self.writer.call(outbox.try_now, item, messages=limit)
