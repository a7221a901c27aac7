"""The write that calls messages back before they are sent: they end `deleted`, their money is freed."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import as_json, every
from aldis.store.sqlite.writes import endings
from aldis.store.sqlite.writes.endings import Ending
from aldis.traffic.states import Event, State, after

#: why, as the timeline and the postback say it
CANCELLED, OPTED_OUT = "cancelled", "opted out"


class Cancel(msgspec.Struct, frozen=True):
    """Messages that nobody has in hand, nor will have before this is done. A customer calls back what is
    whole; who has opted out gets not even the rest.
    """

    message_ids: tuple[int, ...]
    #: why, for the timeline
    reason: str
    now: int


@operation()
def cancel(db: apsw.Connection, items: list[Cancel]) -> list[int]:
    """End those that are still `queued`; returns how many of each item were."""
    return [_cancel(db, item) for item in items]


def _cancel(db: apsw.Connection, item: Cancel) -> int:
    ending = after(State.QUEUED, Event.CANCELLED)
    sql = """SELECT message_id FROM message m
             WHERE message_id IN (SELECT value FROM json_each(?)) AND state = ? AND (?3 OR NOT EXISTS (
                 SELECT 1 FROM segment s WHERE s.message_id = m.message_id))"""
    queued = every(db, sql, (as_json(item.message_ids), State.QUEUED, item.reason == OPTED_OUT))
    if ending is not None:
        found = [Ending(each, State.QUEUED, ending, item.reason, item.now) for (each,) in queued]
        endings.end_unsent(db, found)
    return len(queued)
