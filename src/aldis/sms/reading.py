"""Reads what a carrier or handset wrote: user data as its data coding and its header say, long messages from
their segments. Pure.

Source: 3GPP TS 23.038 §4; 3GPP TS 23.040 §9.2.3.24.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from aldis.sms import udh
from aldis.sms.alphabet import from_septets
from aldis.sms.dcs import Alphabet
from aldis.sms.udh import Concatenation

_BYTE_ORDERS = {b"\xfe\xff": Alphabet.UCS2.value, b"\xff\xfe": "utf-16-le"}
#: alphabets without octets above 0x7F
_SEVEN_BITS = (Alphabet.GSM7, Alphabet.ASCII)
_WINDOWS = {octet: bytes((octet,)).decode("cp1252", "ignore") or chr(octet) for octet in range(0x80, 0xA0)}


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One segment without its header."""

    alphabet: Alphabet
    octets: bytes
    #: national language tables; 0 is the default
    locking: int = 0
    single: int = 0
    #: None: it is the whole message
    place: Concatenation | None = None


def piece(alphabet: Alphabet, user_data: bytes, *, has_header: bool, place: Concatenation | None) -> Piece:
    """Read one segment. `place`: what the PDU says of it, where the header says nothing."""
    elements: dict[int, bytes] = {}
    octets = user_data
    if has_header:
        elements, octets = udh.split_header(user_data)
        if alphabet is Alphabet.UCS2 and not elements and user_data[:1] != b"\0" and len(octets) % 2:
            octets = octets[1:]  # of a header that is ignored the last octet
    locking, single = udh.shift_tables(elements)
    found = udh.concatenation(elements) or place
    return Piece(alphabet, octets, locking, single, found if found and found.total > 1 else None)


def text_of(pieces: Sequence[Piece]) -> str:
    """Read a message from its segments, in their order; octets that are no text in hexadecimal.

    Those written alike are put together before they are read: other people's segments end inside pairs of any
    kind. Segments of one message should be written alike, and some handsets change in the middle.
    """
    return "".join(
        _read(b"".join([octets for _, octets in alike]), *writing)
        for writing, alike in groupby(_written(pieces), lambda written: written[0])
    )


def eight_bit_text(octets: bytes) -> str:
    """Read octets that should have been septets and are none: UTF-8 if they are valid, else Latin-1."""
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _latin_1(octets)


def _written(pieces: Sequence[Piece]) -> Iterator[tuple[tuple[str, int, int], bytes]]:
    """Tell how each segment is written, and give its octets. A byte order mark is no text, and counts for the
    segments behind it as well.
    """
    order = Alphabet.UCS2.value
    for each in pieces:
        codec, octets = each.alphabet.value, each.octets
        if each.alphabet is Alphabet.UCS2:
            if octets[:2] in _BYTE_ORDERS:
                order, octets = _BYTE_ORDERS[octets[:2]], octets[2:]
            codec = order
        yield (codec, each.locking, each.single), octets


def _read(octets: bytes, codec: str, locking: int, single: int) -> str:
    if codec == Alphabet.OCTETS:
        return octets.hex(" ")
    if codec in _SEVEN_BITS and not octets.isascii():
        return eight_bit_text(octets)
    if codec == Alphabet.GSM7:
        return from_septets(octets, locking, single)
    return _latin_1(octets) if codec == Alphabet.LATIN_1 else octets.decode(codec, "replace")


def _latin_1(octets: bytes) -> str:
    """Read Latin-1, with the characters of Windows-1252 where it has none. Source: WHATWG Encoding Standard
    §4.2.
    """
    return octets.decode(Alphabet.LATIN_1).translate(_WINDOWS)
