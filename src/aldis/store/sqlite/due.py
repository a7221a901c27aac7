"""Gives the postbacks that are due: those that were owed just now from memory, all others from the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import apsw

from aldis.store.sqlite import postbacks
from aldis.store.sqlite.newly_owed import NewlyOwed
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback


class DuePostbacks:
    """What the store's contract says of reading them."""

    def __init__(self, reader: apsw.Connection) -> None:
        self._reader = reader
        self.newly_owed = NewlyOwed()

    def note(self, rows: Sequence[postbacks.OwedRow] | None) -> None:
        """Hear what a transaction has owed: see `Writer.on_owed`."""
        self.newly_owed.note(None if rows is None else postbacks.read_owed(rows))

    def lanes(self, after: str, limit: int, now: int) -> list[str]:
        """See `Store.due_lanes`."""
        if not self.newly_owed.must_ask(now):
            return self.newly_owed.lanes(after, limit, now)
        lanes = postbacks.due_lanes(self._reader, after, limit, now)
        self.newly_owed.note_named(lanes, now, is_all=not after and len(lanes) < limit)
        return lanes

    def of_lane(self, lane: str, limit: int, now: int, besides: Collection[int]) -> list[DuePostback]:
        """See `Store.due_postbacks`."""
        if not self.newly_owed.must_read(lane, now):
            return self.newly_owed.take(lane, limit, now)
        found, seen = postbacks.due(self._reader, lane, limit, now, besides)
        self.newly_owed.note_read(lane, seen, is_all=len(found) < limit)
        return found

    def inbound_of_lane(self, lane: str, limit: int, now: int, besides: Collection[int]) -> list[DueInbound]:
        """See `Store.due_inbound`."""
        if not self.newly_owed.must_read(lane, now):
            return []
        found = postbacks.due_inbound(self._reader, lane, limit, now, besides)
        if len(found) == limit:
            self.newly_owed.note_more(lane)
        return found
