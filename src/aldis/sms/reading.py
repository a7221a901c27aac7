"""Reads what a carrier or handset wrote: user data as its data coding and its header say, long messages from
their segments. Pure.

Source: 3GPP TS 23.038 §4; 3GPP TS 23.040 §9.2.3.24.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec

from aldis.sms import udh
from aldis.sms.alphabet import from_septets
from aldis.sms.dcs import Alphabet
from aldis.sms.udh import Concatenation


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
    locking, single = udh.shift_tables(elements)
    found = udh.concatenation(elements) or place
    return Piece(alphabet, octets, locking, single, found if found and found.total > 1 else None)


def text_of(pieces: Sequence[Piece]) -> str:
    """Read a message from its segments, in their order; octets that are no text in hexadecimal.

    Those written alike are put together before they are read: other people's segments end inside pairs of any
    kind. Segments of one message should be written alike, and some handsets change in the middle.
    """
    return "".join(
        _read(b"".join([piece.octets for piece in alike]), *writing)
        for writing, alike in groupby(pieces, lambda piece: (piece.alphabet, piece.locking, piece.single))
    )


def _read(octets: bytes, alphabet: Alphabet, locking: int, single: int) -> str:
    if alphabet is Alphabet.GSM7:
        return from_septets(octets, locking, single)
    return octets.hex(" ") if alphabet is Alphabet.OCTETS else octets.decode(alphabet, "replace")
