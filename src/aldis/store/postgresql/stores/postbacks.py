"""Implements `PostbackStore`: gives what was just made due from memory, all else from the table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from aldis.store.contract.outbox import EndedWebhook
from aldis.store.contract.ownership import Lease
from aldis.store.memory.told_postbacks import ToldPostbacks
from aldis.store.postgresql.reads import due_postbacks
from aldis.store.postgresql.stores.connections import Connections
from aldis.store.postgresql.writes import postbacks
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, PostbackResult, Webhook


class PostgresqlPostbacks(Connections):
    """Hears from the lanes what their transactions make due."""

    told: ToldPostbacks
    ended_webhooks: frozenset[Webhook] = frozenset()
    is_shared: bool = True

    def subscribe(self, on_due: Callable[[], None]) -> None:
        self.told.subscribe(on_due)

    def serve(self, slots: frozenset[int]) -> None:
        self.told.serve(slots)

    async def lanes(self, after: str, limit: int, now: int) -> list[str]:
        if not self.told.must_ask(now):
            return self.told.lanes(after, limit, now)
        began = self.told.begin_read()
        found = await self.reads.ask(due_postbacks.due_lanes, after, limit, now, self.told.slots)
        is_all = not after and len(found.names) < limit
        self.told.note_named(began, found.names, found.seen, now, is_all=is_all)
        self.ended_webhooks = found.ended_webhooks
        return found.names

    async def due(self, lane: str, limit: int, now: int, besides: Collection[int] = ()) -> list[DuePostback]:
        if not self.told.must_read(lane, now):
            return self.told.take(lane, limit, now)
        began = self.told.begin_read()
        found = await self.reads.ask(due_postbacks.due, lane, limit, now, tuple(besides), self.told.slots)
        self.told.note_read(began, lane, found.seen, is_all=len(found.postbacks) < limit)
        return found.postbacks

    async def due_inbound(
        self, lane: str, limit: int, now: int, besides: Collection[int] = ()
    ) -> list[DueInbound]:
        if not self.told.must_read(lane, now):
            return []
        found = await self.reads.ask(
            due_postbacks.due_inbound, lane, limit, now, tuple(besides), self.told.slots
        )
        if len(found) == limit:
            self.told.note_more(lane)
        return found

    async def end_webhook(self, webhook: Webhook, now: int, leases: Collection[Lease] = ()) -> None:
        await self.writer.call(
            postbacks.end_webhooks, postbacks.End(EndedWebhook(*webhook, now), tuple(leases))
        )
        self.ended_webhooks |= {webhook}

    async def finish(self, results: Sequence[PostbackResult], leases: Collection[Lease] = ()) -> None:
        item = postbacks.Finish(tuple(results), tuple(leases))
        await self.writer.call(postbacks.finish, item, messages=len(results))
