"""The reads of what carriers send: handsets' messages, segments that wait for the rest, early receipts."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import apsw
import msgspec

from aldis.sms.reading import Piece
from aldis.sms.reassembly import LongMessage
from aldis.store.sqlite.engine.rows import as_json, every, first, one
from aldis.store.sqlite.reads.other_cases import in_other_cases
from aldis.traffic.inbound import InboundFacts, InboundPart, Segments
from aldis.traffic.receipt import Receipt, alternative_ids, is_for

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


def knows(db: apsw.Connection, receipt: Receipt) -> bool:
    """Tell whether a segment of the receipt's link has its id, in any spelling."""
    sql = (
        "SELECT 1 FROM segment WHERE link = ? AND smsc_message_id IN (SELECT value FROM json_each(?)) LIMIT 1"
    )
    name = receipt.smsc_message_id
    names = (name, *alternative_ids(name))
    is_known = first(db, sql, (receipt.link, as_json(names))) is not None
    return is_known or bool(in_other_cases(db, receipt.link, (name,)))


def is_among(db: apsw.Connection, receipt: Receipt, message_ids: AbstractSet[int]) -> bool:
    """Tell whether one of these messages went to a number that the receipt names."""
    sql = "SELECT recipient FROM message WHERE message_id IN (SELECT value FROM json_each(?))"
    return any(
        is_for(recipient, receipt.recipient) or is_for(recipient, receipt.destination)
        for (recipient,) in every(db, sql, (as_json(message_ids),))
    )


def unreviewed_receipts(db: apsw.Connection, links: Sequence[str]) -> dict[str, int]:
    """Give the highest key of each link's early receipts that were not reviewed, where there are any."""
    sql = "SELECT max(receipt_id) FROM parked_receipt WHERE NOT reviewed AND link = ?"
    found = {link: one(db, sql, (link,)) for link in links}
    return {link: newest for link, newest in found.items() if newest is not None}
