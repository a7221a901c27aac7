"""Chooses how a text goes on air: GSM 7-bit if every character fits, UCS-2 otherwise.

Admission encodes each text once; the octets are stored and never computed again. The simulator's handsets
decode.

Source: 3GPP TS 23.038 §6.2.1 (GSM 7-bit) and §6.2.3 (UCS2; surrogate pairs pass, as every handset of today
shows them).
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from aldis.sms.alphabet import NotInAlphabet, from_septets, to_septets


class Encoding(IntEnum):
    """How a text is written; the values are kept in the store."""

    GSM7 = 0
    UCS2 = 1


class Encoded(msgspec.Struct, frozen=True):
    """A text ready to be cut into segments."""

    encoding: Encoding
    #: GSM7: one septet an octet. UCS2: UTF-16 big endian, two octets a unit.
    octets: bytes


def encode(text: str) -> Encoded:
    """Write a text in the smallest alphabet that holds all of it.

    Raises UnicodeEncodeError on a lone surrogate, which no door lets in.
    """
    try:
        return Encoded(Encoding.GSM7, to_septets(text))
    except NotInAlphabet:
        return Encoded(Encoding.UCS2, text.encode("utf-16-be"))


def decode(encoding: Encoding, octets: bytes) -> str:
    """Read octets back into text; broken UCS-2 shows U+FFFD instead of raising."""
    if encoding is Encoding.GSM7:
        return from_septets(octets)
    return octets.decode("utf-16-be", "replace")
