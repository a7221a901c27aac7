"""The reads of messages from handsets: the segments that wait for the rest, and the whole ones."""

from __future__ import annotations

import apsw
import msgspec

from aldis.sms.reading import Piece
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
    return _segments(
        db, (part.link, part.sender, part.recipient, place.reference, place.total), part.received_at
    )


def _segments(db: apsw.Connection, key: PartKey, now: int) -> Segments:
    sql = f"SELECT number, piece, received_at, whole_at FROM inbound_part WHERE {OF_SEGMENTS} ORDER BY number"  # noqa: S608 - a constant
    rows = every(db, sql, key)
    parts = {number: _PIECE.decode(octets) for number, octets, _, _ in rows}
    began_at, whole_at = (rows[0][2], rows[0][3]) if rows else (now, 0)
    link, sender, recipient, reference, total = key
    return Segments(
        total, parts, began_at, whole_at, link=link, sender=sender, recipient=recipient, reference=reference
    )


def stale(db: apsw.Connection, before: int, limit: int) -> list[Segments]:
    """Give segments of which the first came before an instant."""
    sql = """SELECT DISTINCT link, sender, recipient, reference, total FROM inbound_part
             WHERE received_at <= ? LIMIT ?"""
    return [
        _segments(db, (link, sender, recipient, reference, total), before)
        for link, sender, recipient, reference, total in every(db, sql, (before, limit))
    ]


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
