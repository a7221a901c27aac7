"""What a data coding octet says: alphabet, message class, message waiting.

One octet, two readings that agree where both speak: SMPP numbers alphabets below 0x10, the network groups
bits. A value that nobody has defined is read as the default alphabet, as the network asks of a handset.

Source: 3GPP TS 23.038 §4 (coding groups), §5; SMPP v3.4 §5.2.19 (data_coding).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Alphabet(StrEnum):
    """How the octets behind it are to be read; the values of those that Python knows are its codecs."""

    GSM7 = "gsm7"
    OCTETS = "octets"
    UCS2 = "utf-16-be"
    ASCII = "ascii"
    LATIN_1 = "latin-1"
    CYRILLIC = "iso8859-5"
    HEBREW = "iso8859-8"
    JIS = "shift_jis"
    ISO_2022_JP = "iso2022_jp"
    EXTENDED_KANJI = "euc_jp"
    KOREAN = "euc_kr"


class MessageWaiting(msgspec.Struct, frozen=True):
    """Message waiting indication. Source: 3GPP TS 23.038 §4, groups 1100 to 1110."""

    is_active: bool
    #: 0 voicemail, 1 fax, 2 electronic mail, 3 other
    kind: int
    #: the text is to be shown and kept, not only its indication
    is_stored: bool


class DataCoding(msgspec.Struct, frozen=True):
    """One octet, read."""

    alphabet: Alphabet
    #: 0 shows at once and is not kept ("flash"), 1 handset, 2 SIM, 3 terminal equipment; None: not told
    message_class: int | None = None
    is_compressed: bool = False
    #: the handset may delete it once it was read
    is_automatically_deleted: bool = False
    waiting: MessageWaiting | None = None


#: SMPP's own numbers. Source: SMPP v3.4 §5.2.19
_NUMBERED = {
    0x00: Alphabet.GSM7,
    0x01: Alphabet.ASCII,
    0x02: Alphabet.OCTETS,
    0x03: Alphabet.LATIN_1,
    0x04: Alphabet.OCTETS,
    0x05: Alphabet.JIS,
    0x06: Alphabet.CYRILLIC,
    0x07: Alphabet.HEBREW,
    0x08: Alphabet.UCS2,
    0x09: Alphabet.OCTETS,  # pictograms
    0x0A: Alphabet.ISO_2022_JP,
    0x0D: Alphabet.EXTENDED_KANJI,
    0x0E: Alphabet.KOREAN,
}
_BY_BITS = (Alphabet.GSM7, Alphabet.OCTETS, Alphabet.UCS2, Alphabet.GSM7)

_COMPRESSED, _HAS_CLASS, _CLASS = 0x20, 0x10, 0x03
_DISCARD, _STORE, _STORE_UCS2, _CLASSES = 0xC, 0xD, 0xE, 0xF
_AUTO_DELETE_FROM, _AUTO_DELETE_TO = 0x4, 0x7


def with_class(alphabet: Alphabet, message_class: int) -> int:
    """Write an octet of the general group with a message class; for GSM7, OCTETS and UCS2."""
    return _HAS_CLASS | _BY_BITS.index(alphabet) << 2 | message_class


def read(octet: int) -> DataCoding:
    """Read a data coding octet; every one of the 256 means something."""
    group = octet >> 4
    if octet in _NUMBERED:
        return DataCoding(_NUMBERED[octet])
    if group <= _AUTO_DELETE_TO:
        return DataCoding(
            _BY_BITS[octet >> 2 & 0x03],
            message_class=octet & _CLASS if octet & _HAS_CLASS else None,
            is_compressed=bool(octet & _COMPRESSED),
            is_automatically_deleted=group >= _AUTO_DELETE_FROM,
        )
    if group in (_DISCARD, _STORE, _STORE_UCS2):
        alphabet = Alphabet.UCS2 if group == _STORE_UCS2 else Alphabet.GSM7
        waiting = MessageWaiting(bool(octet & 0x08), octet & 0x03, is_stored=group != _DISCARD)
        return DataCoding(alphabet, waiting=waiting)
    if group == _CLASSES:
        alphabet = Alphabet.OCTETS if octet & 0x04 else Alphabet.GSM7
        return DataCoding(alphabet, message_class=octet & _CLASS)
    return DataCoding(Alphabet.GSM7)
