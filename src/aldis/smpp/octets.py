"""C-octet strings in octets; what does not fit raises. Source: SMPP v3.4 §3.1.

C-octet strings are Latin-1 in Python, so that whatever a peer put there survives; a missing terminator is
tolerated at the end of a PDU, because real peers send that.
"""

from __future__ import annotations

#: Source: SMPP v3.4 §5.2.21
MAX_SHORT_MESSAGE = 254
#: characters of source_addr and destination_addr, without the NUL. Source: SMPP v3.4 §4.4.1
MAX_ADDRESS = 20


def c_octets(value: str, size: int) -> bytes:
    """Give a text and its NUL; raises ValueError when it does not fit or holds what Latin-1 lacks."""
    if len(value) >= size or "\0" in value:
        raise ValueError(f"a C-octet string of at most {size - 1} characters was expected")
    return value.encode("latin-1") + b"\0"


def c_string(octets: bytes, at: int) -> tuple[str, int]:
    """Read a text up to its NUL; returns also where the next parameter starts. Raises IndexError at the
    end.
    """
    if octets[at] == 0:
        return "", at + 1
    nul = octets.find(0, at)
    if nul < 0:
        nul = len(octets)
    return octets[at:nul].decode("latin-1"), nul + 1


def misfit(name: str) -> None:
    """Refuse a parameter that is too long for its field, or holds a NUL."""
    raise ValueError(f"{name} is too long, or holds a NUL")
