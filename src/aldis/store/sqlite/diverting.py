"""The read and write that move waiting messages from a link that is down to another."""

from __future__ import annotations

from collections.abc import Collection

import apsw
import msgspec

from aldis.store.sqlite.rows import every, for_each

#: what a carrier took in part stays with that carrier
_WAITING = """
SELECT message_id, backups FROM message m
WHERE link = ? AND state = 'queued' AND backups <> '' AND NOT EXISTS (
    SELECT 1 FROM segment s WHERE s.message_id = m.message_id) LIMIT ?
"""

_DIVERT = """
WITH diverted (message_id, link) AS (VALUES {rows})
UPDATE message SET link = diverted.link
FROM diverted WHERE message.message_id = diverted.message_id AND message.state = 'queued'
"""

_BACKUPS = msgspec.json.Decoder(list[str])


class Divert(msgspec.Struct, frozen=True):
    """Messages that nobody has in hand, nor will have before this is done, and where they are to go."""

    moves: tuple[tuple[int, str], ...]


def waiting(db: apsw.Connection, link: str, up: Collection[str], limit: int) -> list[tuple[int, str]]:
    """Choose messages that wait for a link, each with the first of its backups that is up."""
    found = []
    for message_id, backups in every(db, _WAITING, (link, limit)):
        other = next((name for name in _BACKUPS.decode(backups) if name in up), None)
        if other is not None:
            found.append((message_id, other))
    return found


def divert(db: apsw.Connection, items: list[Divert]) -> list[None]:
    """Move them."""
    for_each(db, _DIVERT, [move for item in items for move in item.moves])
    return [None] * len(items)
