"""User data headers: the few octets before the text that tell a handset which segment this is, which tables
to read it with, or which application it is for.

Unknown information elements are kept as they are. Source: 3GPP TS 23.040 §9.2.3.24.
"""

from __future__ import annotations

import msgspec

#: information element identifiers. Source: 3GPP TS 23.040 §9.2.3.24, table
CONCATENATION_8 = 0x00
SPECIAL_INDICATION = 0x01
PORTS_8 = 0x04
PORTS_16 = 0x05
CONCATENATION_16 = 0x08
SINGLE_SHIFT = 0x24
LOCKING_SHIFT = 0x25


#: how many octets each has
_CONCATENATIONS = {CONCATENATION_8: 3, CONCATENATION_16: 4}


class Concatenation(msgspec.Struct, frozen=True):
    """Which segment of which long message."""

    #: 0..255 or 0..65535; the same in every segment of one message
    reference: int
    #: 1..255
    total: int
    #: 1..total
    number: int


class Ports(msgspec.Struct, frozen=True):
    """Which application at both ends. Source: 3GPP TS 23.040 §9.2.3.24.3, §9.2.3.24.4."""

    destination: int
    source: int


def element(identifier: int, data: bytes) -> bytes:
    """Write one information element."""
    return bytes((identifier, len(data))) + data


def header(elements: bytes) -> bytes:
    """Put the length before written elements; no elements, no header. Source: 3GPP TS 23.040 §9.2.3.24."""
    return bytes((len(elements),)) + elements if elements else b""


def concatenation_8(place: Concatenation) -> bytes:
    """Write the element of a segment with an 8-bit reference. Source: 3GPP TS 23.040 §9.2.3.24.1."""
    return element(CONCATENATION_8, bytes((place.reference & 0xFF, place.total, place.number)))


def concatenation_16(place: Concatenation) -> bytes:
    """Write the element of a segment with a 16-bit reference. Source: 3GPP TS 23.040 §9.2.3.24.8."""
    reference = (place.reference & 0xFFFF).to_bytes(2, "big")
    return element(CONCATENATION_16, reference + bytes((place.total, place.number)))


def shifts(locking: int, single: int) -> bytes:
    """Write the elements that name national language tables; 0 is the default and needs none. Source: 3GPP
    TS 23.040 §9.2.3.24.15, §9.2.3.24.16.
    """
    return (element(SINGLE_SHIFT, bytes((single,))) if single else b"") + (
        element(LOCKING_SHIFT, bytes((locking,))) if locking else b""
    )


def split_header(user_data: bytes) -> tuple[dict[int, bytes], bytes]:
    """Separate user data that starts with a header into its elements and the rest.

    Returns ({information element identifier: data}, payload); the last of a repeated element counts. Where
    the last element has too few or too many octets the whole header is ignored, and what stands behind the
    elements that are complete is text; all of it where none is. Source: 3GPP TS 23.040 §9.2.3.24.
    """
    if not user_data or user_data[0] >= len(user_data):
        return {}, user_data
    end = user_data[0] + 1
    elements: dict[int, bytes] = {}
    position = 1
    while position < end:
        begin = position + 2
        until = begin + (user_data[position + 1] if begin <= end else 0)
        if until > end:
            return {}, user_data[position:] if elements else user_data
        elements.pop(user_data[position], None)  # so that they stand in the order of their last
        elements[user_data[position]] = user_data[begin:until]
        position = until
    return elements, user_data[end:]


def concatenation(elements: dict[int, bytes]) -> Concatenation | None:
    """Find which segment this is; None for a message that stands alone or whose numbers make no sense. Of an
    8-bit and a 16-bit reference the last counts.
    """
    for identifier, data in reversed(elements.items()):
        if len(data) == _CONCATENATIONS.get(identifier):
            *reference, total, number = data
            if 1 <= number <= total:
                return Concatenation(int.from_bytes(reference, "big"), total, number)
    return None


def ports(elements: dict[int, bytes]) -> Ports | None:
    """Find the application that a message is for; None for an ordinary text."""
    data = elements.get(PORTS_16)
    if data is not None and len(data) == 4:
        return Ports(int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big"))
    data = elements.get(PORTS_8)
    return Ports(data[0], data[1]) if data is not None and len(data) == 2 else None


def shift_tables(elements: dict[int, bytes]) -> tuple[int, int]:
    """Find the national language tables: (locking, single), 0 for the default."""
    locking, single = elements.get(LOCKING_SHIFT, b""), elements.get(SINGLE_SHIFT, b"")
    return (locking[0] if len(locking) == 1 else 0, single[0] if len(single) == 1 else 0)
