"""What a multimedia message holds besides its text: as it comes in, and as it is kept, by its hash."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

#: stands where texts have an `sms.encoding.Encoded`'s coding: the octets are the text in UTF-8, and the
#: message has attachments
MMS = 0xFF


class Attachment(msgspec.Struct, frozen=True):
    """A picture, clip or other part, with its octets."""

    #: with its parameters
    content_type: str
    octets: bytes


class KeptPart(msgspec.Struct, frozen=True, array_like=True):
    """An attachment whose octets are kept apart."""

    content_type: str
    #: SHA-256 in hexadecimal, by which the octets are found
    digest: str
    octets: int


_PARTS = msgspec.json.Decoder(tuple[KeptPart, ...])


def as_column(parts: Sequence[KeptPart]) -> str:
    """Write parts as the store keeps them with their message; "" for none."""
    return msgspec.json.encode(parts).decode() if parts else ""


def from_column(text: str) -> tuple[KeptPart, ...]:
    """Read them back; nothing where they cannot be read, which is a fault to whoever must send them."""
    try:
        return _PARTS.decode(text) if text else ()
    except msgspec.DecodeError:
        return ()
