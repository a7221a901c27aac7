"""The write that moves waiting messages from a link that is down to another."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import for_each, may
from aldis.store.sqlite.reads.maintenance import Move
from aldis.store.sqlite.writes import ownership
from aldis.traffic.states import Event

_MOVE = f"""
WITH diverted (message_id, link, backups) AS (VALUES {{rows}})
UPDATE message SET link = diverted.link, backups = diverted.backups
FROM diverted WHERE message.message_id = diverted.message_id AND {may(Event.CLAIMED)}
"""  # noqa: S608 - the table's states


class Moves(msgspec.Struct, frozen=True):
    """What maintenance moves together."""

    lease: Lease
    moves: tuple[Move, ...]


@operation()
def move(db: apsw.Connection, items: list[Moves]) -> list[None]:
    """Move messages that nobody has in hand, nor will have before this is done."""
    ownership.check(db, [item.lease for item in items])
    for_each(db, _MOVE, [msgspec.structs.astuple(each) for item in items for each in item.moves])
    return [None] * len(items)
