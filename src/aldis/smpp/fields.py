"""How the parameter types of SMPP look in octets: each type gives the lines of Python that read and write
one.

`pdus.py` names the types, `codec.py` puts the lines of a whole PDU together once, at import; walking the
tables for each PDU costs three times as much (`bench/raw/codec.py`).

The lines work on `octets`, of which `end` is the length and `at` the position; they raise IndexError where
the octets end too early, ValueError or TypeError where a value does not fit, and the codec turns those into
its own. C-octet strings are Latin-1 in Python, so that whatever a peer put there survives; a missing
terminator is tolerated at the end of a PDU, because real peers send that. Source: SMPP v3.4 §3.1.
"""

from __future__ import annotations

from typing import Protocol


class Field(Protocol):
    """Writes the Python that reads and writes one mandatory parameter."""

    def reader(self, name: str) -> list[str]:
        """Give the lines that read the parameter into a variable of its name."""
        ...

    def writer(self, value: str) -> str:
        """Give the expression for the octets of a value."""
        ...


class Integer:
    """An unsigned integer of one octet."""

    def reader(self, name: str) -> list[str]:
        """Take one octet."""
        return [f"{name} = octets[at]", "at += 1"]

    def writer(self, value: str) -> str:
        """Give one octet."""
        return f"bytes(({value},))"


class COctetString:
    """Text that ends with NUL; `size` counts the NUL, as the specification's tables do."""

    def __init__(self, size: int) -> None:
        self.size = size

    def reader(self, name: str) -> list[str]:
        """Take up to the NUL, or to the end of the PDU where the peer forgot it."""
        return [
            "if octets[at] == 0:",
            f"    {name} = ''",
            "    at += 1",
            "else:",
            "    nul = octets.find(0, at)",
            "    if nul < 0:",
            "        nul = end",
            f"    {name} = octets[at:nul].decode('latin-1')",
            "    at = nul + 1",
        ]

    def writer(self, value: str) -> str:
        """Give the text and its NUL."""
        return f"(c_octets({value}, {self.size}) if {value} else b'\\0')"


class ShortMessage:
    """sm_length and short_message together: one octet of length, then that many octets."""

    def reader(self, name: str) -> list[str]:
        """Take the length and what it counts."""
        return [
            "start = at + 1",
            "at = start + octets[at]",
            "if at > end:",
            "    raise IndexError('sm_length is larger than what follows it')",
            f"{name} = octets[start:at]",
        ]

    def writer(self, value: str) -> str:
        """Give the length and the octets. Source: SMPP v3.4 §5.2.21, §5.2.22 (at most 254 octets)."""
        return f"message_octets({value})"


def c_octets(value: str, size: int) -> bytes:
    """Give a text and its NUL; raises ValueError when it does not fit or holds what Latin-1 lacks."""
    if len(value) >= size or "\0" in value:
        raise ValueError(f"a C-octet string of at most {size - 1} characters was expected")
    return value.encode("latin-1") + b"\0"


def message_octets(value: bytes) -> bytes:
    """Give a short message behind its length; raises ValueError when it is too long."""
    if len(value) > 254:
        raise ValueError("short_message holds at most 254 octets")
    return bytes((len(value),)) + value
