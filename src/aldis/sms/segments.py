"""Cuts an encoded text into segments that each fit one TPDU, and counts them without cutting.

Admission counts (price, limits), sending cuts. No segment ends inside an escape pair or a surrogate pair, nor
inside what a reader takes for one character (a grapheme cluster) where that fits into a segment at all.

Source: 3GPP TS 23.040 §9.2.3.24.1; sizes: 140 octets of user data, from which a header takes its own.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from itertools import accumulate

import msgspec
import regex

from aldis.sms import udh
from aldis.sms.alphabet import ESCAPE
from aldis.sms.encoding import Encoded, Encoding
from aldis.sms.udh import Concatenation

MAX_SEGMENTS = 255
USER_DATA_OCTETS = 140
#: what the elements of a concatenated segment take: identifier, length, reference, total, number
_CONCATENATION_8, _CONCATENATION_16 = 5, 6
#: septets or octets that fit into one segment beside any shift elements
_SURELY_ROOM = 132
_GRAPHEME = regex.compile(r"\X")
#: what may belong to a neighbour; between two characters of no such kind there is always a border
_JOINING = regex.compile(r"\P{Grapheme_Cluster_Break=Other}")


class Splitting(StrEnum):
    """How an upstream is told which segments belong together; the store keeps the SPLITTING_NUMBERS."""

    #: a user data header with a reference of 8 or 16 bits
    UDH_8 = "udh8"
    UDH_16 = "udh16"
    #: the SAR TLVs; the SMSC makes the headers
    SAR = "sar"
    #: the whole text in the TLV message_payload; the SMSC cuts it
    PAYLOAD = "payload"


#: what stands for each in the coding of a stored message
SPLITTING_NUMBERS = {Splitting.UDH_8: 0, Splitting.UDH_16: 1, Splitting.SAR: 2, Splitting.PAYLOAD: 3}


class TooLong(Exception):
    """The text needs more than 255 segments, or octets more than one."""


class Segment(msgspec.Struct, frozen=True):
    """One TPDU's worth of a message; with PAYLOAD all of it."""

    #: 1..total; 0 where the upstream gets the whole message and cuts it itself
    number: int
    total: int
    #: empty, or a user data header with its length octet
    header: bytes
    octets: bytes


def split(encoded: Encoded, reference: int, splitting: Splitting = Splitting.UDH_8) -> tuple[Segment, ...]:
    """Cut an encoded text into segments.

    A text that fits whole gets no concatenation. reference: the same in every segment; its lowest 8 or 16
    bits are used. Returns 1..255 segments. Raises TooLong beyond that. Source: 3GPP TS 23.040 §9.2.3.24.1,
    §9.2.3.24.8.
    """
    if encoded.encoding is Encoding.OCTETS:
        return (_whole(encoded.octets),)
    shifts = udh.shifts(encoded.locking, encoded.single)
    pieces = _pieces(encoded, splitting)
    total = len(pieces)
    if total == 1:
        return (Segment(1, 1, udh.header(shifts), pieces[0]),)
    if splitting is Splitting.PAYLOAD:
        return (Segment(0, total, udh.header(shifts), encoded.octets),)
    write = {Splitting.UDH_8: udh.concatenation_8, Splitting.UDH_16: udh.concatenation_16}.get(splitting)
    return tuple(
        Segment(
            number,
            total,
            udh.header((write(Concatenation(reference, total, number)) if write else b"") + shifts),
            piece,
        )
        for number, piece in enumerate(pieces, start=1)
    )


def count(encoded: Encoded, splitting: Splitting = Splitting.UDH_8) -> int:
    """Tell how many segments go on air. Raises TooLong beyond 255, and for octets beyond one."""
    if len(encoded.octets) <= _SURELY_ROOM and encoded.encoding is not Encoding.OCTETS:
        return 1
    if encoded.encoding is Encoding.OCTETS:
        _whole(encoded.octets)
        return 1
    if len(encoded.octets) <= segment_room(encoded, splitting, alone=True):
        return 1
    return len(_pieces(encoded, splitting))


def segment_room(encoded: Encoded, splitting: Splitting, *, alone: bool) -> int:
    """Tell how many of `Encoded.octets` fit into a segment, alone or among others; a septet counts one."""
    elements = len(udh.shifts(encoded.locking, encoded.single))
    if not alone:  # where the SMSC makes the headers they are the short ones
        elements += _CONCATENATION_16 if splitting is Splitting.UDH_16 else _CONCATENATION_8
    free = USER_DATA_OCTETS - (elements + 1 if elements else 0)
    return free * 8 // 7 if encoded.encoding is Encoding.GSM7 else free - free % 2


def _whole(octets: bytes) -> Segment:
    """Part a message of octets into header and data; it is never cut, because only its sender knows where."""
    end = 1 + octets[0]
    header, data = octets[:end] if octets[0] else b"", octets[end:]
    if len(header) + len(data) > USER_DATA_OCTETS:
        raise TooLong
    return Segment(1, 1, header, data)


def _pieces(encoded: Encoded, splitting: Splitting) -> list[bytes]:
    octets = encoded.octets
    if len(octets) <= segment_room(encoded, splitting, alone=True):
        return [octets]
    size = segment_room(encoded, splitting, alone=False)
    if len(octets) > MAX_SEGMENTS * size:
        raise TooLong  # before anything is looked for in it
    border = _gsm_border if encoded.encoding is Encoding.GSM7 else _Ucs2Borders(octets).before
    pieces: list[bytes] = []
    start = 0
    while start < len(octets):
        if len(pieces) == MAX_SEGMENTS:
            raise TooLong
        end = start + size
        if end < len(octets):
            end = border(octets, start, end)
        pieces.append(octets[start:end])
        start = end
    return pieces


def _gsm_border(octets: bytes, start: int, end: int) -> int:
    """Move a border back to where it cuts no escape pair; an escape is never itself escaped in what we
    write.
    """
    return end - 1 if octets[end - 1] == ESCAPE and end - 1 > start else end


class _Ucs2Borders:
    """Finds borders that cut no surrogate pair, and no cluster that fits into a segment at all."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        #: positions between clusters; found when a border falls where it could matter
        self._between: list[int] | None = None

    def before(self, octets: bytes, start: int, end: int) -> int:
        """Give the last good border up to `end`."""
        pair = 2 if 0xD8 <= octets[end - 2] <= 0xDB else 0
        around = octets[max(start, end - pair - 4) : end - pair + 4].decode("utf-16-be", "replace")
        if not _JOINING.search(around):
            return end - pair
        if self._between is None:
            self._between = _cluster_borders(self._octets)
        before = self._between[bisect_right(self._between, end) - 1]
        return before if before > start else end - pair


def _cluster_borders(octets: bytes) -> list[int]:
    """Give the positions between grapheme clusters, in octets, 0 first. Source: Unicode UAX #29."""
    text = octets.decode("utf-16-be", "surrogatepass")
    sizes = (len(cluster.encode("utf-16-be", "surrogatepass")) for cluster in _GRAPHEME.findall(text))
    return [0, *accumulate(sizes)]
