"""Gives the postbacks that are due: those just made due from memory, all others from the file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import apsw

from aldis.store.memory.postback_cache import PostbackCache
from aldis.store.sqlite.engine.operations import Call
from aldis.store.sqlite.engine.transactions import Ran
from aldis.store.sqlite.reads import postbacks
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, Webhook


class DuePostbacks:
    """The half of `PostbackStore` that reads. One gateway has the file, so all slots are its own."""

    is_shared = False

    def __init__(self, reader: apsw.Connection) -> None:
        self._reader = reader
        self.cache = PostbackCache()
        self._on_due: Callable[[], None] | None = None
        self.ended_webhooks = postbacks.ended_webhooks(reader)

    def subscribe(self, on_due: Callable[[], None]) -> None:
        self._on_due = on_due

    def serve(self, slots: frozenset[int]) -> None:
        pass

    def note(self, calls: Sequence[Call], ran: Ran) -> None:
        """Hear what a transaction did, before its callers do."""
        may_be_due = ran.pending != []
        if may_be_due:
            self.cache.note(None if ran.pending is None else postbacks.read_pending(ran.pending))
        for (operation, item), outcome in zip(calls, ran.outcomes, strict=True):
            if operation.owes is not None and not isinstance(outcome, Exception):
                may_be_due = True
                operation.owes(self.cache, item)
        if may_be_due and self._on_due is not None:
            self._on_due()

    async def lanes(self, after: str, limit: int, now: int) -> list[str]:
        if not self.cache.must_ask(now):
            return self.cache.lanes(after, limit, now)
        lanes = postbacks.due_lanes(self._reader, after, limit, now)
        self.cache.note_named(lanes, now, is_all=not after and len(lanes) < limit)
        self.ended_webhooks = postbacks.ended_webhooks(self._reader)
        return lanes

    def note_ended(self, webhook: Webhook) -> None:
        """Hear that a webhook has ended."""
        self.ended_webhooks |= {webhook}

    async def due(self, lane: str, limit: int, now: int, besides: Collection[int] = ()) -> list[DuePostback]:
        if not self.cache.must_read(lane, now):
            return self.cache.take(lane, limit, now)
        found, seen = postbacks.due(self._reader, lane, limit, now, besides)
        self.cache.note_read(lane, seen, is_all=len(found) < limit)
        return found

    async def due_inbound(
        self, lane: str, limit: int, now: int, besides: Collection[int] = ()
    ) -> list[DueInbound]:
        if not self.cache.must_read(lane, now):
            return []
        found = postbacks.due_inbound(self._reader, lane, limit, now, besides)
        if len(found) == limit:
            self.cache.note_more(lane)
        return found
