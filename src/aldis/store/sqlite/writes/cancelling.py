"""The write that calls messages back before they are sent: they end `deleted`, their money is freed."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import as_json, every, may
from aldis.store.sqlite.writes import endings, ownership
from aldis.store.sqlite.writes.endings import Ending
from aldis.traffic.states import Event, State, follow

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
    #: of maintenance, where it cancels
    lease: Lease | None = None


_FIND = f"""
SELECT message_id, state FROM message
WHERE message_id IN (SELECT value FROM json_each(?)) AND {may(Event.CANCELLED)} AND (? OR NOT EXISTS (
    SELECT 1 FROM segment WHERE segment.message_id = message.message_id))
"""  # noqa: S608 - the table's states


@operation()
def cancel(db: apsw.Connection, items: list[Cancel]) -> list[int]:
    """End those that may still be cancelled; returns how many of each item were."""
    ownership.check(db, [item.lease for item in items if item.lease is not None])
    return [_cancel(db, item) for item in items]


def _cancel(db: apsw.Connection, item: Cancel) -> int:
    ended = [
        Ending(message_id, State(state), follow(state, Event.CANCELLED), item.reason, item.now)
        for message_id, state in every(db, _FIND, (as_json(item.message_ids), item.reason == OPTED_OUT))
    ]
    endings.end_unsent(db, ended)
    return len(ended)
