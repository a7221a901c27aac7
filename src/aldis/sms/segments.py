"""Cuts an encoded text into segments that each fit one TPDU, and counts them without cutting.

Admission counts (price, limits), sending cuts. No segment ends inside an escape pair or a surrogate pair, nor
inside what a reader takes for one character (a grapheme cluster) where that costs no further segment.

Source: 3GPP TS 23.040 §9.2.3.24.1; sizes: 140 octets of user data, from which a header takes its own.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from itertools import accumulate, pairwise

import msgspec
import regex

from aldis.sms import udh
from aldis.sms.alphabet import ESCAPE
from aldis.sms.encoding import Encoded, Encoding
from aldis.sms.graphemes import graphemes
from aldis.sms.udh import Concatenation

MAX_SEGMENTS = 255
USER_DATA_OCTETS = 140
#: what the elements of a concatenated segment take: identifier, length, reference, total, number
_CONCATENATION_8, _CONCATENATION_16 = 5, 6
#: septets or octets that fit into one segment beside any shift elements
_SURELY_ROOM = 132
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


def split(
    encoded: Encoded, reference: int, splitting: Splitting = Splitting.UDH_8, counted: int = 0
) -> tuple[Segment, ...]:
    """Cut an encoded text into segments.

    A text that fits whole gets no concatenation. reference: the same in every segment; its lowest 8 or 16
    bits are used. counted: how many segments it was counted for, where those may be more than the fewest.
    Returns 1..255 segments. Raises TooLong beyond that. Source: 3GPP TS 23.040 §9.2.3.24.1, §9.2.3.24.8.
    """
    if encoded.encoding is Encoding.OCTETS:
        return (_whole(encoded.octets),)
    shifts = udh.shifts(encoded.locking, encoded.single)
    pieces = _pieces(encoded, splitting, counted)
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
    return len(_cut(encoded, segment_room(encoded, splitting, alone=False)))


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


def _pieces(encoded: Encoded, splitting: Splitting, counted: int) -> list[bytes]:
    octets = encoded.octets
    if len(octets) <= segment_room(encoded, splitting, alone=True):
        return [octets]
    size = segment_room(encoded, splitting, alone=False)
    ends = _cut(encoded, size)
    if encoded.encoding is Encoding.UCS2:
        ends = _between_clusters(octets, size, max(counted, len(ends)))
    return [octets[start:end] for start, end in pairwise([0, *ends])]


def _cut(encoded: Encoded, size: int) -> list[int]:
    """Give where the fewest segments end. Raises TooLong beyond 255."""
    octets, end = encoded.octets, 0
    ends: list[int] = []
    if len(octets) > MAX_SEGMENTS * size:
        raise TooLong  # before anything is looked for in it
    too_far = _half_an_escape if encoded.encoding is Encoding.GSM7 else _half_a_pair
    while end < len(octets):
        if len(ends) == MAX_SEGMENTS:
            raise TooLong
        end += size
        end = len(octets) if end >= len(octets) else end - too_far(octets, end)
        ends.append(end)
    return ends


def _half_an_escape(octets: bytes, end: int) -> int:
    """Tell how many octets before a border belong behind it; an escape is never itself escaped in what we
    write.
    """
    return 1 if octets[end - 1] == ESCAPE else 0


def _half_a_pair(octets: bytes, end: int) -> int:
    return 2 if 0xD8 <= octets[end - 2] <= 0xDB else 0


def _between_clusters(octets: bytes, size: int, segments: int) -> list[int]:
    """Give where segments of UCS-2 end: between what a reader takes for characters where the rest then still
    fits into the segments that are left, else anywhere but in a surrogate pair.
    """
    ends: list[int] = []
    #: positions between clusters, and how early the last segments may begin; found when a border could matter
    between: list[int] = []
    earliest: list[int] = []
    start = 0
    while start + size < len(octets):
        end = start + size
        end -= _half_a_pair(octets, end)
        around = octets[max(start, end - 4) : end + 4].decode("utf-16-be", "replace")
        if _JOINING.search(around):
            between = between or _cluster_borders(octets)
            earliest = earliest or _earliest(octets, size, segments)
            before = between[bisect_right(between, end) - 1]
            if before > start and before >= earliest[max(0, segments - len(ends) - 1)]:
                end = before
        ends.append(end)
        start = end
    return [*ends, len(octets)]


def _earliest(octets: bytes, size: int, segments: int) -> list[int]:
    """Tell by number of segments how early what they hold may begin."""
    found = [len(octets)]
    for _ in range(segments):
        begin = max(0, found[-1] - size)
        found.append(begin + 2 if begin and 0xDC <= octets[begin] <= 0xDF else begin)
    return found


def _cluster_borders(octets: bytes) -> list[int]:
    """Give the positions between grapheme clusters, in octets, 0 first. Source: Unicode UAX #29."""
    text = octets.decode("utf-16-be", "surrogatepass")
    sizes = (len(cluster.encode("utf-16-be", "surrogatepass")) for cluster in graphemes(text))
    return [0, *accumulate(sizes)]
