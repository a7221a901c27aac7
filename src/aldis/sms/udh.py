"""User data headers: the few octets before the text that tell a handset which segment this is.

Written by `segments.py`, read by the simulator's handsets. Unknown information elements are kept as they are.

Source: 3GPP TS 23.040 §9.2.3.24 (layout), §9.2.3.24.1 (8-bit concatenation), §9.2.3.24.8 (16-bit
concatenation).
"""

from __future__ import annotations

import msgspec

IEI_CONCATENATION_8 = 0x00
IEI_CONCATENATION_16 = 0x08


class Concatenation(msgspec.Struct, frozen=True):
    """Which segment of which long message."""

    #: 0..255 or 0..65535; the same in every segment of one message
    reference: int
    #: 1..255
    total: int
    #: 1..total
    number: int


def concatenation_8(reference: int, total: int, number: int) -> bytes:
    """Build the six-octet header of one segment, its length octet included.

    reference: 0..255. Source: 3GPP TS 23.040 §9.2.3.24.1.
    """
    return bytes((0x05, IEI_CONCATENATION_8, 0x03, reference, total, number))


def split_header(user_data: bytes) -> tuple[dict[int, bytes], bytes]:
    """Separate user data that starts with a header into its elements and the rest.

    Returns ({information element identifier: data}, payload). A header that does not add up is taken as no
    header at all, because the text behind it is worth more than the elements. Source: 3GPP TS 23.040
    §9.2.3.24.
    """
    if not user_data or user_data[0] >= len(user_data):
        return {}, user_data
    end = user_data[0] + 1
    elements: dict[int, bytes] = {}
    position = 1
    while position + 2 <= end:
        identifier, length = user_data[position], user_data[position + 1]
        position += 2
        if position + length > end:
            return {}, user_data
        elements[identifier] = user_data[position : position + length]
        position += length
    return elements, user_data[end:]


def concatenation(elements: dict[int, bytes]) -> Concatenation | None:
    """Find which segment this is; None for a message that stands alone or whose numbers make no sense."""
    data = elements.get(IEI_CONCATENATION_8)
    if data is not None and len(data) == 3:
        found = Concatenation(data[0], data[1], data[2])
    else:
        data = elements.get(IEI_CONCATENATION_16)
        if data is None or len(data) != 4:
            return None
        found = Concatenation(data[0] << 8 | data[1], data[2], data[3])
    return found if 1 <= found.number <= found.total else None
