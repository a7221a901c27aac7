"""Reads what a carrier or handset wrote: user data as its data coding and its header say, long messages from
their segments. Pure.

Source: 3GPP TS 23.038 §4; 3GPP TS 23.040 §9.2.3.24.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from aldis.sms import udh
from aldis.sms.alphabet import from_septets
from aldis.sms.dcs import Alphabet
from aldis.sms.udh import Concatenation

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le"))
_ALL_MARKS = tuple(mark for mark, _ in _MARKS)
#: what is written under a name, where that is more than it says. Source: WHATWG Encoding Standard §4.2
_WIDER = {Alphabet.JIS.value: "cp932", Alphabet.KOREAN.value: "cp949"}
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
    """Read octets that should have been septets and are none: UTF-8 if they are valid, also where the last
    character is cut, else Latin-1.
    """
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        until = fault.start
        if fault.reason != "unexpected end of data" or octets[:until].isascii():
            return _latin_1(octets)
    return octets[:until].decode("utf-8-sig") + "\ufffd"


def _written(pieces: Sequence[Piece]) -> Iterator[tuple[tuple[str, int, int], bytes]]:
    """Tell how each segment is written, and give its octets. A byte order mark is no text, goes before the
    data coding, and counts for the segments of the same data coding behind it as well.
    """
    marked: dict[Alphabet, str] = {}
    for each in pieces:
        octets = each.octets
        if octets.startswith(_ALL_MARKS) and each.alphabet is not Alphabet.OCTETS:
            mark, marked[each.alphabet] = next(found for found in _MARKS if octets.startswith(found[0]))
            octets = octets[len(mark) :]
        yield (marked.get(each.alphabet, each.alphabet.value), each.locking, each.single), octets


def _read(octets: bytes, codec: str, locking: int, single: int) -> str:
    if codec == Alphabet.OCTETS:
        return octets.hex(" ")
    if codec in _SEVEN_BITS and not octets.isascii():
        return eight_bit_text(octets)
    if codec == Alphabet.GSM7:
        return from_septets(octets, locking, single)
    if codec == Alphabet.LATIN_1:
        return _latin_1(octets)
    return octets.decode(_WIDER.get(codec, codec), "replace")


def _latin_1(octets: bytes) -> str:
    """Read Latin-1, with the characters of Windows-1252 where it has none. Source: WHATWG Encoding Standard
    §4.2.
    """
    return octets.decode(Alphabet.LATIN_1).translate(_WINDOWS)
