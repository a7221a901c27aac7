"""Gives the postbacks that are due: those that were owed just now from memory, all others from the file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import apsw

from aldis.store.memory.postback_cache import NewlyOwed
from aldis.store.sqlite.engine.transactions import Call, Ran
from aldis.store.sqlite.writes import inbound, orders, postbacks
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback

#: operations after which postbacks may be due that no transaction has told of
_TELLING = frozenset({postbacks.finish, inbound.record, orders.replay, orders.replay_given_up})


class DuePostbacks:
    """What `PostbackStore` says of reading them."""

    def __init__(self, reader: apsw.Connection, on_due: Callable[[], None]) -> None:
        """`on_due`: see `PostbackStore.on_due`."""
        self._reader = reader
        self.newly_owed = NewlyOwed()
        self._on_due = on_due

    def note(self, calls: Sequence[Call], ran: Ran) -> None:
        """Hear what a transaction did, before its callers do."""
        newly_owed = self.newly_owed
        may_be_due = ran.owed != []
        if may_be_due:
            newly_owed.note(None if ran.owed is None else postbacks.read_owed(ran.owed))
        for (operation, item), outcome in zip(calls, ran.outcomes, strict=True):
            if operation not in _TELLING or isinstance(outcome, Exception):
                continue
            may_be_due = True
            if operation is postbacks.finish:
                newly_owed.note_finished(item)
            elif operation is inbound.record:
                newly_owed.note_other(message.lane for message in item.messages)
            else:  # theirs are old rows, which are not told
                newly_owed.forget()
        if may_be_due:
            self._on_due()

    def lanes(self, after: str, limit: int, now: int) -> list[str]:
        """See `PostbackStore.due_lanes`."""
        if not self.newly_owed.must_ask(now):
            return self.newly_owed.lanes(after, limit, now)
        lanes = postbacks.due_lanes(self._reader, after, limit, now)
        self.newly_owed.note_named(lanes, now, is_all=not after and len(lanes) < limit)
        return lanes

    def of_lane(self, lane: str, limit: int, now: int, besides: Collection[int]) -> list[DuePostback]:
        """See `PostbackStore.due_postbacks`."""
        if not self.newly_owed.must_read(lane, now):
            return self.newly_owed.take(lane, limit, now)
        found, seen = postbacks.due(self._reader, lane, limit, now, besides)
        self.newly_owed.note_read(lane, seen, is_all=len(found) < limit)
        return found

    def inbound_of_lane(self, lane: str, limit: int, now: int, besides: Collection[int]) -> list[DueInbound]:
        """See `PostbackStore.due_inbound`."""
        if not self.newly_owed.must_read(lane, now):
            return []
        found = postbacks.due_inbound(self._reader, lane, limit, now, besides)
        if len(found) == limit:
            self.newly_owed.note_more(lane)
        return found
