"""The read and write that move waiting messages from a link that is down to another."""

from __future__ import annotations

from collections.abc import Collection

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

_DIVERT = f"""
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


class Divert(msgspec.Struct, frozen=True):
    """Messages that nobody has in hand, nor will have before this is done."""

    moves: tuple[Move, ...]


class Waiting(msgspec.Struct, frozen=True):
    """Which messages are looked for."""

    link: str
    #: links that they could take
    up: tuple[str, ...]
    now: int
    #: messages that somebody has in hand
    besides: Collection[int]
    limit: int


def waiting(db: apsw.Connection, item: Waiting) -> list[Move]:
    """Choose messages that are due and wait for a link, each with the first of its backups that is up. The
    link that they leave becomes the first of the others.
    """
    bindings = (item.link, item.now, as_json(item.besides), as_json(item.up), item.limit)
    moves = []
    for message_id, text in every(db, _WAITING, bindings):
        backups = _BACKUPS.decode(text)
        other = next(name for name in backups if name in item.up)
        left = [item.link, *(name for name in backups if name != other)]
        moves.append(Move(message_id, other, msgspec.json.encode(left).decode()))
    return moves


@operation()
def divert(db: apsw.Connection, items: list[Divert]) -> list[None]:
    """Move them."""
    for_each(db, _DIVERT, [msgspec.structs.astuple(move) for item in items for move in item.moves])
    return [None] * len(items)
