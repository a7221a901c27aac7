"""How a text is written on air: GSM 7-bit with one pair of its tables, or UCS-2.

Which of them a message takes is chosen by `fitting.py`, once, at admission; the octets are stored and never
computed again. `decode` is the way back.

Source: 3GPP TS 23.038 §6.2.1 (GSM 7-bit) and §6.2.3 (UCS2; surrogate pairs pass, as every handset of today
shows them).
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from aldis.sms.alphabet import NotInAlphabet, from_septets, to_septets


class Encoding(IntEnum):
    """How a text is written."""

    GSM7 = 0
    UCS2 = 1


class Encoded(msgspec.Struct, frozen=True):
    """A text ready to be cut into segments."""

    encoding: Encoding
    #: GSM7: one septet an octet. UCS2: UTF-16 big endian, two octets a unit.
    octets: bytes
    #: national language identifiers, with GSM7 only; 0 is the default
    locking: int = 0
    single: int = 0


def encode(text: str) -> Encoded:
    """Write a text with the default tables, in UCS-2 if they lack a character of it.

    Raises UnicodeEncodeError on a lone surrogate, which no door lets in.
    """
    try:
        return Encoded(Encoding.GSM7, to_septets(text))
    except NotInAlphabet:
        return encode_ucs2(text)


def encode_ucs2(text: str) -> Encoded:
    """Write a text in UCS-2. Raises as `encode`."""
    return Encoded(Encoding.UCS2, text.encode("utf-16-be"))


def decode(encoded: Encoded) -> str:
    """Read it back; broken UCS-2 shows U+FFFD instead of raising."""
    if encoded.encoding is Encoding.GSM7:
        return from_septets(encoded.octets, encoded.locking, encoded.single)
    return encoded.octets.decode("utf-16-be", "replace")
