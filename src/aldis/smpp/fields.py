"""How the parameter types of SMPP look in octets: each type gives the Python that reads and writes one.

`pdus.py` names the types, `codec.py` puts the lines of a whole PDU together once, at import; walking the
tables for each PDU costs several times as much.

Reading lines work on `octets`, of which `end` is the length and `at` the position; they raise IndexError
where the octets end too early. Writing fills one Latin-1 text for all of a body: to format once is cheaper
than to join a dozen pieces. What does not fit raises ValueError, TypeError or OverflowError, and the codec
turns all of that into its own. Source: SMPP v3.4 §3.1.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from aldis.smpp import multi, octets

#: what the lines below call
HELPERS: dict[str, Any] = {
    function.__name__: function
    for function in (
        octets.misfit,
        multi.read_destinations,
        multi.write_destinations,
        multi.read_unsuccessful,
        multi.write_unsuccessful,
    )
}


class Written(NamedTuple):
    """How a parameter is written."""

    #: its part of the text's %-format
    format: str
    #: the expression that fills it
    value: str
    #: an expression that is true when the value does not fit; "" when formatting finds out
    misfit: str = ""
    #: an expression for octets that follow the text; only of the last parameter
    tail: str = ""


class Field(Protocol):
    """Writes the Python that reads and writes one mandatory parameter."""

    def reader(self, name: str) -> list[str]:
        """Give the lines that read the parameter into a variable of its name."""

    def writer(self, value: str) -> Written:
        """Say how a value is written."""


class Integer:
    """An unsigned integer of one octet."""

    def reader(self, name: str) -> list[str]:
        """Take one octet."""
        return [f"{name} = octets[at]", "at += 1"]

    def writer(self, value: str) -> Written:
        """Give one octet."""
        return Written("%c", value)


class CountedList:
    """A count and what it counts, as `multi.py` reads and writes them: number_of_dests and dest_addresses
    ("destinations"), no_unsuccess and unsuccess_sme ("unsuccessful").
    """

    def __init__(self, what: str) -> None:
        self.what = what

    def reader(self, name: str) -> list[str]:
        """Take the count and what it counts."""
        return [f"{name}, at = read_{self.what}(octets, at)"]

    def writer(self, value: str) -> Written:
        """Give the count and the addresses."""
        return Written("%s", f"write_{self.what}({value}).decode('latin-1')")


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

    def writer(self, value: str) -> Written:
        """Give the text and its NUL."""
        misfit = f"{value} and (len({value}) >= {self.size} or '\\0' in {value})"
        return Written("%s\\0", value, misfit)


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

    def writer(self, value: str) -> Written:
        """Give the length and the octets. Source: SMPP v3.4 §5.2.21, §5.2.22 (at most 254 octets)."""
        return Written("%c", f"len({value})", f"len({value}) > {octets.MAX_SHORT_MESSAGE}", tail=value)
