"""Septets packed into octets, as they travel on air and as some carriers want them in short_message.

Source: 3GPP TS 23.038 §6.1.2.1 (packing); 3GPP TS 23.040 §9.2.3.24 (fill bits behind a user data header).
"""

from __future__ import annotations

CARRIAGE_RETURN = 0x0D
SEPTET_BITS, OCTET_BITS = 7, 8


def fill_bits(header_octets: int) -> int:
    """Tell how many bits lead from the end of a header to the next septet border. Source: 3GPP TS 23.040
    §9.2.3.24.
    """
    return -header_octets * OCTET_BITS % SEPTET_BITS


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Pack septets (one an octet) behind `fill` zero bits.

    Where seven bits are left over they hold a carriage return, so that whoever unpacks without knowing the
    number of septets, as behind SMPP's sm_length, reads no `@`: the rule of USSD. Source: 3GPP TS 23.038
    §6.1.2.3.1.
    """
    bits = fill + len(septets) * SEPTET_BITS
    if -bits % OCTET_BITS == SEPTET_BITS:
        septets += bytes((CARRIAGE_RETURN,))
        bits += SEPTET_BITS
    value = 0
    for position, septet in enumerate(septets):
        value |= (septet & 0x7F) << (fill + position * SEPTET_BITS)
    return value.to_bytes((bits + OCTET_BITS - 1) // OCTET_BITS, "little")


def unpack(octets: bytes, fill: int = 0, count: int | None = None) -> bytes:
    """Give the septets (one an octet) of packed octets; all that fit, or `count` of them.

    Without a count, a carriage return that only fills the last octet is dropped.
    """
    room = max(0, len(octets) * OCTET_BITS - fill) // SEPTET_BITS
    value = int.from_bytes(octets, "little") >> fill
    wanted = room if count is None else min(count, room)
    septets = bytes([value >> (position * SEPTET_BITS) & 0x7F for position in range(wanted)])
    is_padded = (len(octets) * OCTET_BITS - fill) % SEPTET_BITS == 0 and septets[-1:] == b"\r"
    at_octet_border = (fill + wanted * SEPTET_BITS) % OCTET_BITS == 0
    return septets[:-1] if count is None and is_padded and at_octet_border else septets
