"""Optional parameters: the tags that Aldis reads or writes, and how any tag is framed.

Unknown tags pass through as octets. Source: SMPP v3.4 §3.2.4 (format) and §5.3.2 (tags).
"""

from __future__ import annotations

from struct import Struct

from aldis.errors import RemoteProtocolError
from aldis.smpp.status import ESME_RINVMSGLEN

SC_INTERFACE_VERSION = 0x0210
RECEIPTED_MESSAGE_ID = 0x001E
NETWORK_ERROR_CODE = 0x0423
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427

_HEAD = Struct(">HH")


def pack(tlvs: dict[int, bytes]) -> bytes:
    """Write tags in the order given. Source: SMPP v3.4 §3.2.4.1."""
    return b"".join([_HEAD.pack(tag, len(value)) + value for tag, value in tlvs.items()])


def unpack(octets: bytes, position: int) -> dict[int, bytes]:
    """Read tags from a position to the end; the last of a repeated tag wins.

    Raises RemoteProtocolError when a length runs past the end.
    """
    tlvs: dict[int, bytes] = {}
    end = len(octets)
    while position < end:
        if position + 4 > end:
            raise RemoteProtocolError("octets left over behind the last TLV", ESME_RINVMSGLEN)
        tag, length = _HEAD.unpack_from(octets, position)
        position += 4
        if position + length > end:
            raise RemoteProtocolError(f"TLV 0x{tag:04X} runs past the end of its PDU", ESME_RINVMSGLEN)
        tlvs[tag] = octets[position : position + length]
        position += length
    return tlvs
