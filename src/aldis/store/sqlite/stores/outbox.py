"""Implements `OutboxStore`."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.outbox import LaneFacts, PostbackFilter, PostbackPage, PostbackRow, Replayed
from aldis.store.sqlite.reads import postback_listing
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import outbox


class SqliteOutbox(Connections):
    """Lists on the operators' scans."""

    async def lanes(self, limit: int) -> list[LaneFacts]:
        return await self.scans.ask(postback_listing.lanes, limit)

    async def dead_letters(self, wanted: PostbackFilter, before: int, limit: int) -> PostbackPage:
        return await self.scans.ask(postback_listing.dead_letters, wanted, before, limit)

    async def postback(self, postback_id: int) -> PostbackRow | None:
        return postback_listing.postback(self.reader, postback_id)

    async def replay(self, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
        return await self.writer.call(outbox.replay, outbox.Replay(tuple(postback_ids), now, entry))

    async def replay_dead_letters(
        self, wanted: PostbackFilter, after: int, limit: int, now: int, entry: AuditEntry
    ) -> Replayed:
        item = outbox.ReplayDeadLetters(wanted, after, limit, now, entry)
        return await self.writer.call(outbox.replay_dead_letters, item, messages=limit)
