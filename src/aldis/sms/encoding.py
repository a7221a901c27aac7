"""How a message is written on air: GSM 7-bit with one pair of its tables, UCS-2, or octets for a program.

Which of them a text takes is chosen by `fitting.py`, once, at admission; the octets are stored and never
computed again. `decode` is the way back.

Source: 3GPP TS 23.038 §6.2.1 (GSM 7-bit) and §6.2.3 (UCS2; surrogate pairs pass, as every handset of today
shows them).
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum

import msgspec

from aldis.sms.alphabet import NotInAlphabet, from_septets, to_septets
from aldis.sms.graphemes import graphemes

#: a letter with more marks than any language has stays as it is: to put them in order takes their number
#: squared. Source: Unicode UAX #15 §13 (Stream-Safe Text Format: 30 marks)
MOST_COMPOSED = 31
#: signs that Unicode has only for the sake of other standards: Greek question mark, ohm, kelvin, ångström
_SINGLETONS = str.maketrans("\u037e\u2126\u212a\u212b", ";ΩKÅ")


class Encoding(IntEnum):
    """How a message is written; the values are kept in the store."""

    GSM7 = 0
    UCS2 = 1
    #: no text: 8-bit data behind a user data header of the customer's own
    OCTETS = 2


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """A message ready to be cut into segments."""

    encoding: Encoding
    #: GSM7: one septet an octet. UCS2: UTF-16 big endian, two octets a unit. OCTETS: the header with its
    #: length octet, which is 0 where there is none, and the data.
    octets: bytes
    #: national language identifiers, with GSM7 only; 0 is the default
    locking: int = 0
    single: int = 0


def compose(text: str) -> str:
    """Put letters and their marks together (NFC) where that makes a text shorter: the tables have `é` and no
    combining accent. What NFC takes apart, or replaces by another ideograph, stays. Source: Unicode UAX #15.

    At most four characters become one (U+1F82 is a letter with three marks).
    """
    if unicodedata.is_normalized("NFC", text):
        return text
    return "".join(
        [
            min(cluster, unicodedata.normalize("NFC", cluster), key=len)
            if 1 < len(cluster) <= MOST_COMPOSED
            else cluster
            for cluster in graphemes(text.translate(_SINGLETONS))
        ]
    )


def encode(text: str) -> Encoded:
    """Write a text, composed, with the default tables, in UCS-2 if they lack a character of it.

    Raises UnicodeEncodeError on a lone surrogate, which no door lets in.
    """
    try:
        return Encoded(Encoding.GSM7, to_septets(text))
    except NotInAlphabet:
        composed = compose(text)
        return encode_ucs2(text) if composed == text else encode(composed)


def encode_ucs2(text: str) -> Encoded:
    """Write a text in UCS-2. Raises as `encode`."""
    return Encoded(Encoding.UCS2, text.encode("utf-16-be"))


def decode(encoded: Encoded) -> str:
    """Read it back; broken UCS-2 shows U+FFFD instead of raising, and octets show as hex digits."""
    if encoded.encoding is Encoding.GSM7:
        return from_septets(encoded.octets, encoded.locking, encoded.single)
    if encoded.encoding is Encoding.OCTETS:
        return encoded.octets.hex()
    return encoded.octets.decode("utf-16-be", "replace")
