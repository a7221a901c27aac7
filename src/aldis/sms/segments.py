"""Cuts an encoded text into segments that each fit one TPDU, and counts them without cutting.

Admission counts (price, limits), sending cuts. No segment ends inside an escape pair or a surrogate pair.

Source: 3GPP TS 23.040 §9.2.3.24.1; sizes: 140 octets of user data, six of them the header of a concatenated
segment.
"""

from __future__ import annotations

import msgspec

from aldis.sms.alphabet import ESCAPE
from aldis.sms.encoding import Encoded, Encoding
from aldis.sms.udh import concatenation_8

MAX_SEGMENTS = 255

#: octets of `Encoded.octets` that a segment holds: (alone, in a concatenated message); septets count one
#: octet each
_CAPACITY = {Encoding.GSM7: (160, 153), Encoding.UCS2: (140, 134)}


class TooLong(Exception):
    """The text needs more than 255 segments."""


class Segment(msgspec.Struct, frozen=True):
    """One TPDU's worth of a message."""

    #: 1..total
    number: int
    total: int
    #: empty, or the six-octet concatenation header
    header: bytes
    octets: bytes


def split(encoded: Encoded, reference: int) -> tuple[Segment, ...]:
    """Cut an encoded text into segments.

    A text that fits whole gets no header. reference: 0..255, the same in every segment. Returns 1..255
    segments. Raises TooLong beyond that. Source: 3GPP TS 23.040 §9.2.3.24.1.
    """
    pieces = _pieces(encoded)
    if len(pieces) == 1:
        return (Segment(1, 1, b"", pieces[0]),)
    total = len(pieces)
    return tuple(
        Segment(number, total, concatenation_8(reference, total, number), piece)
        for number, piece in enumerate(pieces, start=1)
    )


def count(encoded: Encoded) -> int:
    """Tell how many segments `split` would give. Raises TooLong beyond 255."""
    if len(encoded.octets) <= _CAPACITY[encoded.encoding][0]:
        return 1
    return len(_pieces(encoded))


def _pieces(encoded: Encoded) -> list[bytes]:
    octets = encoded.octets
    alone, chained = _CAPACITY[encoded.encoding]
    if len(octets) <= alone:
        return [octets]
    pieces: list[bytes] = []
    start = 0
    while start < len(octets):
        if len(pieces) == MAX_SEGMENTS:
            raise TooLong
        end = _border(encoded, start, min(start + chained, len(octets)))
        pieces.append(octets[start:end])
        start = end
    return pieces


def _border(encoded: Encoded, start: int, end: int) -> int:
    """Move a border back by one character where it would cut a pair."""
    octets = encoded.octets
    if end == len(octets):
        return end
    if encoded.encoding is Encoding.GSM7:
        # An escape is never itself escaped in what we write, so looking at one septet is enough.
        return end - 1 if octets[end - 1] == ESCAPE and end - 1 > start else end
    is_high_surrogate = 0xD8 <= octets[end - 2] <= 0xDB
    return end - 2 if is_high_surrogate and end - 2 > start else end
