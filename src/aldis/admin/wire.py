"""How a link shows what it writes: records that links fill in and the operators' pages show. Operating itself
speaks no protocol.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.store.contract.search import MessageView


class PduLine(msgspec.Struct, frozen=True):
    """One parameter of a PDU as it is shown."""

    name: str
    value: str
    #: what it means
    meaning: str = ""
    clause: str = ""


class ShownSubmit(msgspec.Struct, frozen=True):
    """One segment as its link writes it."""

    #: 1..total; 0 for a whole message that the carrier cuts
    number: int
    total: int
    #: what a handset shows of it
    text: str
    #: user data header in hexadecimal; "" for none
    header: str
    #: what follows the header, in hexadecimal, as it is on the wire
    octets: str
    #: the whole PDU in hexadecimal
    pdu: str
    lines: tuple[PduLine, ...]


#: shows how a message's link writes it; empty where the settings lack the link
Inspect = Callable[[MessageView], tuple[ShownSubmit, ...]]
