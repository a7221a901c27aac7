"""The read and write that move waiting messages from a link that is down to another."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import apsw
import msgspec

from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import as_json, every, for_each, may
from aldis.traffic.states import Event

#: what a carrier took in part stays with that carrier
_WAITING = f"""
SELECT message_id, backups FROM message m
WHERE link = ?1 AND {may(Event.CLAIMED, of="m")} AND backups <> '' AND due_at <= ?2
  AND message_id NOT IN (SELECT value FROM json_each(?3))
  AND EXISTS (SELECT 1 FROM json_each(m.backups) b WHERE b.value IN (SELECT value FROM json_each(?4)))
  AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.message_id = m.message_id)
LIMIT ?5
"""  # noqa: S608 - the table's states

_MOVE = f"""
WITH diverted (message_id, link, backups) AS (VALUES {{rows}})
UPDATE message SET link = diverted.link, backups = diverted.backups
FROM diverted WHERE message.message_id = diverted.message_id AND {may(Event.CLAIMED)}
"""  # noqa: S608 - as above

_BACKUPS = msgspec.json.Decoder(list[str])


class Move(msgspec.Struct, frozen=True, array_like=True):
    """One message, where it is to go, and where it may go after that: JSON."""

    message_id: int
    link: str
    backups: str


def waiting(
    db: apsw.Connection, link: str, up: Sequence[str], limit: int, now: int, *, claimed: Collection[int]
) -> list[Move]:
    """Choose messages that are due, unclaimed and wait for a link, each with the first of its backups that is
    up. The link that they leave becomes the first of the others.
    """
    bindings = (link, now, as_json(claimed), as_json(up), limit)
    moves = []
    for message_id, text in every(db, _WAITING, bindings):
        backups = _BACKUPS.decode(text)
        other = next(name for name in backups if name in up)
        left = [link, *(name for name in backups if name != other)]
        moves.append(Move(message_id, other, msgspec.json.encode(left).decode()))
    return moves


@operation()
def move(db: apsw.Connection, items: list[tuple[Move, ...]]) -> list[None]:
    """Move messages that nobody has in hand, nor will have before this is done."""
    for_each(db, _MOVE, [msgspec.structs.astuple(each) for moves in items for each in moves])
    return [None] * len(items)
