"""The write that calls messages back before they are sent: they end `deleted`, their money is freed."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.sqlite import endings
from aldis.store.sqlite.endings import Ending
from aldis.store.sqlite.rows import as_json, every
from aldis.traffic.states import Event, State, after


class Cancel(msgspec.Struct, frozen=True):
    """Messages that nobody has in hand, nor will have before this is done."""

    message_ids: tuple[int, ...]
    #: why, for the timeline
    reason: str
    now: int


def cancel(db: apsw.Connection, items: list[Cancel]) -> list[int]:
    """End those that are still `queued`; returns how many of each item were."""
    return [_cancel(db, item) for item in items]


def _cancel(db: apsw.Connection, item: Cancel) -> int:
    ending = after(State.QUEUED, Event.CANCELLED)
    sql = "SELECT message_id FROM message WHERE message_id IN (SELECT value FROM json_each(?)) AND state = ?"
    queued = every(db, sql, (as_json(item.message_ids), State.QUEUED))
    if ending is not None:
        found = [Ending(each, State.QUEUED, ending, item.reason, item.now) for (each,) in queued]
        endings.end_unsent(db, found)
    return len(queued)
