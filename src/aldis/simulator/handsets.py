"""The handsets behind the simulated SMSC: put segments together, keep what each number received, bounded.

Reads what arrives as a handset would: by data_coding and user data header, through the decoders of `sms/`.
"""

from __future__ import annotations

from collections import OrderedDict, deque

import msgspec

from aldis.smpp.pdus import ShortMessageBody
from aldis.sms.encoding import Encoding, decode
from aldis.sms.udh import concatenation, split_header

MAX_MESSAGES = 200_000
MAX_INCOMPLETE = 10_000

UDHI = 0x40
_ENCODINGS = {0x00: Encoding.GSM7, 0x01: Encoding.GSM7, 0x08: Encoding.UCS2}


class Received(msgspec.Struct, frozen=True):
    """One whole message on a handset."""

    #: Unix milliseconds
    at: int
    recipient: str
    sender: str
    text: str
    encoding: str
    segments: int


class Handsets:
    """All the handsets."""

    def __init__(self) -> None:
        self._received: deque[Received] = deque(maxlen=MAX_MESSAGES)
        self._incomplete: OrderedDict[tuple[str, str, int, int], dict[int, bytes]] = OrderedDict()
        #: segments that arrived, repeated ones included
        self.segments = 0
        #: whole messages since the start, also those that are forgotten
        self.messages = 0

    def receive(self, body: ShortMessageBody, payload: bytes, now: int) -> Received | None:
        """Take one segment; returns the message that it completes."""
        self.segments += 1
        encoding = _ENCODINGS.get(body.data_coding, Encoding.UCS2)
        elements, octets = split_header(payload) if body.esm_class & UDHI else ({}, payload)
        place = concatenation(elements)
        total = 1
        if place is not None and place.total > 1:
            key = (body.source_addr, body.destination_addr, place.reference, place.total)
            parts = self._incomplete.setdefault(key, {})
            self._incomplete.move_to_end(key)
            parts[place.number] = octets
            if len(parts) < place.total:
                while len(self._incomplete) > MAX_INCOMPLETE:
                    self._incomplete.popitem(last=False)
                return None
            del self._incomplete[key]
            octets, total = b"".join(parts[number] for number in sorted(parts)), place.total
        text = decode(encoding, octets)
        received = Received(now, body.destination_addr, body.source_addr, text, encoding.name, total)
        self._received.append(received)
        self.messages += 1
        return received

    def numbers(self) -> dict[str, int]:
        """Count the kept messages of each handset."""
        counts: dict[str, int] = {}
        for received in self._received:
            counts[received.recipient] = counts.get(received.recipient, 0) + 1
        return counts

    def of(self, number: str) -> list[Received]:
        """Give what one handset received, oldest first."""
        return [received for received in self._received if received.recipient == number]

    @property
    def incomplete(self) -> int:
        """Messages of which segments are missing."""
        return len(self._incomplete)

    def clear(self) -> None:
        """Forget everything."""
        self._received.clear()
        self._incomplete.clear()
        self.segments = self.messages = 0
