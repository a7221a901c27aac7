"""The reads of messages from handsets: the segments that wait for the rest, and the whole ones."""

from __future__ import annotations

import apsw
import msgspec

from aldis.sms.reading import Piece
from aldis.sms.reassembly import LongMessage
from aldis.store.sqlite.engine.rows import every, first
from aldis.traffic.inbound import InboundFacts, InboundPart, Segments

#: link, sender, recipient, reference, total
PartKey = tuple[str, str, str, int, int]

FACTS = (
    "i.inbound_id, i.link, i.sender, i.recipient, i.text, i.keyword, i.carrier, i.segments, "
    "i.account_id, i.dialect, i.received_at, i.parts"
)
#: what holds of the segments under one reference
OF_SEGMENTS = "link = ? AND sender = ? AND recipient = ? AND reference = ? AND total = ?"

_PIECE = msgspec.msgpack.Decoder(Piece)


def segments_of(db: apsw.Connection, part: InboundPart) -> Segments:
    """Give what is kept under the reference of a segment. Raises ValueError for one that stands alone."""
    place = part.piece.place
    if place is None:
        raise ValueError("a whole message has no segments")
    return _segments(db, (part.link, part.sender, part.recipient, place.reference, place.total))


def _segments(db: apsw.Connection, key: PartKey) -> Segments:
    sql = f"""SELECT message, number, piece, received_at, whole_at, is_repetition FROM inbound_part
              WHERE {OF_SEGMENTS} ORDER BY message, number"""  # noqa: S608 - a constant
    messages: dict[int, LongMessage[Piece]] = {}
    for place, number, octets, began_at, whole_at, is_repetition in every(db, sql, key):
        message = messages.setdefault(place, LongMessage({}, began_at, whole_at, bool(is_repetition)))
        message.parts[number] = _PIECE.decode(octets)
    link, sender, recipient, reference, total = key
    return Segments(
        total, [*messages.values()], link=link, sender=sender, recipient=recipient, reference=reference
    )


def stale(db: apsw.Connection, before: int, repeated_before: int, limit: int) -> list[Segments]:
    """Give the segments under references with messages that began before an instant, or with repetitions that
    began before another.
    """
    key = "link, sender, recipient, reference, total"
    sql = f"""SELECT {key} FROM inbound_part WHERE received_at <= ?
              UNION SELECT {key} FROM inbound_part WHERE is_repetition AND received_at <= ? LIMIT ?"""  # noqa: S608 - a constant
    found = every(db, sql, (before, repeated_before, limit))
    return [_segments(db, tuple(each)) for each in found]


def find(
    db: apsw.Connection, account_id: int | None, since: int, until: int, page: tuple[int, int]
) -> tuple[list[InboundFacts], int]:
    """Give a page (offset, limit) of an account's messages of a time, newest first, and how many there are in
    all; with None nobody's.
    """
    where = "i.account_id IS ? AND i.received_at >= ? AND i.received_at < ?"
    bounds = (account_id, since, until)
    total = first(db, f"SELECT count(*) FROM inbound i WHERE {where}", bounds)  # noqa: S608 - a constant
    sql = f"""SELECT {FACTS} FROM inbound i WHERE {where}
              ORDER BY i.received_at DESC, i.inbound_id DESC LIMIT ? OFFSET ?"""  # noqa: S608 - constants
    offset, limit = page
    rows = every(db, sql, (*bounds, limit, offset))
    return [InboundFacts(*row) for row in rows], total[0] if total else 0
