"""How the parameter types of SMPP look in octets; `pdus.py` names them, `codec.py` walks them.

C-octet strings are Latin-1 in Python, so that whatever a peer put there survives; a missing terminator is
tolerated at the end of a PDU, because real peers send that. Source: SMPP v3.4 §3.1.
"""

from __future__ import annotations

from typing import Protocol

from aldis.errors import LocalProtocolError, RemoteProtocolError
from aldis.smpp.status import ESME_RINVMSGLEN


class Field(Protocol):
    """Reads and writes one mandatory parameter."""

    def read(self, octets: bytes, position: int) -> tuple[object, int]:
        """Return the value and the position behind it; raises RemoteProtocolError."""
        ...

    def write(self, value: object) -> bytes:
        """Return the octets of a value; raises LocalProtocolError when it does not fit."""
        ...


class Integer:
    """An unsigned integer of one octet."""

    def read(self, octets: bytes, position: int) -> tuple[int, int]:
        """Take one octet."""
        if position >= len(octets):
            raise RemoteProtocolError("the PDU ends inside its mandatory parameters", ESME_RINVMSGLEN)
        return octets[position], position + 1

    def write(self, value: object) -> bytes:
        """Give one octet."""
        if not isinstance(value, int) or not 0 <= value <= 0xFF:
            raise LocalProtocolError("an integer parameter must be 0..255")
        return bytes((value,))


class COctetString:
    """Text that ends with NUL; `size` counts the NUL, as the specification's tables do."""

    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, octets: bytes, position: int) -> tuple[str, int]:
        """Take up to the NUL, or to the end of the PDU where the peer forgot it."""
        end = octets.find(0, position)
        if end < 0:
            if position >= len(octets):
                raise RemoteProtocolError("the PDU ends inside its mandatory parameters", ESME_RINVMSGLEN)
            return octets[position:].decode("latin-1"), len(octets)
        return octets[position:end].decode("latin-1"), end + 1

    def write(self, value: object) -> bytes:
        """Give the text and its NUL."""
        if not isinstance(value, str) or "\0" in value or len(value) >= self.size:
            raise LocalProtocolError(f"a C-octet string of at most {self.size - 1} characters was expected")
        try:
            return value.encode("latin-1") + b"\0"
        except UnicodeEncodeError as cause:
            raise LocalProtocolError("a C-octet string holds a character outside Latin-1") from cause


class ShortMessage:
    """sm_length and short_message together: one octet of length, then that many octets."""

    def read(self, octets: bytes, position: int) -> tuple[bytes, int]:
        """Take the length and what it counts."""
        if position >= len(octets):
            raise RemoteProtocolError("the PDU ends before sm_length", ESME_RINVMSGLEN)
        start = position + 1
        end = start + octets[position]
        if end > len(octets):
            raise RemoteProtocolError("sm_length is larger than what follows it", ESME_RINVMSGLEN)
        return octets[start:end], end

    def write(self, value: object) -> bytes:
        """Give the length and the octets. Source: SMPP v3.4 §5.2.21, §5.2.22 (at most 254 octets)."""
        if not isinstance(value, bytes) or len(value) > 254:
            raise LocalProtocolError("short_message holds at most 254 octets")
        return bytes((len(value),)) + value
