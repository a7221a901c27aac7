"""The reads of what carriers send: segments that wait for the rest, early receipts."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import asyncpg
import msgspec

from aldis.sms.reading import Piece
from aldis.sms.reassembly import LongMessage
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.reads.other_cases import in_other_cases
from aldis.traffic.inbound import InboundPart, Segments
from aldis.traffic.receipt import Receipt, ReceiptState, alternative_ids, is_for

#: link, sender, recipient, reference, total
PartKey = tuple[str, str, str, int, int]

_PIECE = msgspec.msgpack.Decoder(Piece)
_SEGMENTS = """
SELECT message, number, piece, received_at, whole_at, is_repetition FROM inbound_part
WHERE link = $1 AND sender = $2 AND recipient = $3 AND reference = $4 AND total = $5
ORDER BY message, number
"""
_STALE = """
SELECT link, sender, recipient, reference, total FROM inbound_part WHERE received_at <= $1
UNION SELECT link, sender, recipient, reference, total FROM inbound_part
WHERE is_repetition AND received_at <= $2 LIMIT $3
"""
_IS_KNOWN = "SELECT EXISTS (SELECT 1 FROM segment WHERE link = $1 AND smsc_message_id = ANY($2::text[]))"
_RECIPIENTS = "SELECT recipient FROM message WHERE message_id = ANY($1::bigint[])"
_UNREVIEWED = """
SELECT asked.link, newest.receipt_id FROM unnest($1::text[]) asked (link) CROSS JOIN LATERAL (
    SELECT receipt_id FROM parked_receipt p WHERE NOT p.reviewed AND p.link = asked.link
    ORDER BY p.receipt_id DESC LIMIT 1) newest
"""
#: of `parked_receipt`, as `early_receipt` reads them
EARLY_RECEIPT = "receipt_id, link, smsc_message_id, state, error_code, recipient, received_at, destination"


def early_receipt(row: asyncpg.Record) -> tuple[int, Receipt]:
    """Make an early receipt of a row of EARLY_RECEIPT, with its key."""
    receipt_id, link, name, state, code, recipient, received_at, destination = row
    return receipt_id, Receipt(
        link,
        unescaped(name),
        ReceiptState(state),
        unescaped(code),
        unescaped(recipient),
        received_at,
        unescaped(destination),
    )


async def segments_of(db: asyncpg.Connection, part: InboundPart) -> Segments:
    """Give what is kept under the reference of a segment. Raises ValueError for one that stands alone."""
    place = part.piece.place
    if place is None:
        raise ValueError("a whole message has no segments")
    return await _segments(db, (part.link, part.sender, part.recipient, place.reference, place.total))


async def _segments(db: asyncpg.Connection, key: PartKey) -> Segments:
    link, sender, recipient, reference, total = key
    messages: dict[int, LongMessage[Piece]] = {}
    rows = await db.fetch(_SEGMENTS, link, escaped(sender), escaped(recipient), reference, total)
    for place, number, octets, began_at, whole_at, is_repetition in rows:
        message = messages.setdefault(place, LongMessage({}, began_at, whole_at, is_repetition))
        message.parts[number] = _PIECE.decode(octets)
    return Segments(
        total, [*messages.values()], link=link, sender=sender, recipient=recipient, reference=reference
    )


async def stale(db: asyncpg.Connection, before: int, repeated_before: int, limit: int) -> list[Segments]:
    """Give the segments under references with messages that began before an instant, or with repetitions that
    began before another.
    """
    found = await db.fetch(_STALE, before, repeated_before, limit)
    return [
        await _segments(db, (link, unescaped(sender), unescaped(recipient), reference, total))
        for link, sender, recipient, reference, total in found
    ]


async def knows(db: asyncpg.Connection, receipt: Receipt) -> bool:
    """Tell whether a segment of the receipt's link has its id, in any spelling."""
    name = receipt.smsc_message_id
    names = [escaped(each) for each in (name, *alternative_ids(name))]
    if await db.fetchval(_IS_KNOWN, receipt.link, names):
        return True
    return bool(await in_other_cases(db, receipt.link, (name,)))


async def is_among(db: asyncpg.Connection, receipt: Receipt, message_ids: AbstractSet[int]) -> bool:
    """Tell whether one of these messages went to a number that the receipt names."""
    return any(
        is_for(recipient, receipt.recipient) or is_for(recipient, receipt.destination)
        for (recipient,) in await db.fetch(_RECIPIENTS, list(message_ids))
    )


async def unreviewed_receipts(db: asyncpg.Connection, links: Sequence[str]) -> dict[str, int]:
    """Give the highest key of each link's early receipts that were not reviewed, where there are any."""
    return dict(row[:] for row in await db.fetch(_UNREVIEWED, list(links)))
