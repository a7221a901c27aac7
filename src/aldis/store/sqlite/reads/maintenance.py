"""What maintenance looks for: messages for another link, messages to people who have opted out, content that
nobody needs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import apsw
import msgspec

from aldis.store.sqlite.engine.rows import as_json, every, may
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


def unused_content(db: apsw.Connection, digests: list[str]) -> set[str]:
    """Tell which of these no message needs."""
    sql = """SELECT DISTINCT u.digest FROM json_each(?) asked CROSS JOIN content_use u
             WHERE u.digest = asked.value"""
    used = {digest for (digest,) in every(db, sql, (as_json(digests),))}
    return set(digests) - used


def queued_to_opted_out(db: apsw.Connection, limit: int) -> list[tuple[int, str]]:
    """Name queued messages to people who have opted out, with their links; a scan of all that is queued."""
    sql = f"""SELECT message_id, link FROM message m
              WHERE {may(Event.CANCELLED, of="m")} AND NOT exempt AND EXISTS (
                  SELECT 1 FROM opt_out o WHERE o.sender = m.sender AND o.msisdn = m.recipient) LIMIT ?"""  # noqa: S608 - the table's states
    return every(db, sql, (limit,))
