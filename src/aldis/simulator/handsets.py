"""The handsets behind the simulated SMSC: put segments together, keep what each number received, bounded.

Reads what arrives as a handset would: by data_coding, user data header and SAR TLVs, through the decoders of
`sms/`.
"""

from __future__ import annotations

from collections import deque

import msgspec

from aldis.smpp import tlv
from aldis.smpp.esm_class import UDHI
from aldis.sms import dcs, udh
from aldis.sms.alphabet import from_septets
from aldis.sms.dcs import Alphabet
from aldis.sms.reassembly import Reassembly
from aldis.sms.udh import Concatenation

MAX_MESSAGES = 200_000
MAX_INCOMPLETE = 10_000
#: how long a handset keeps segments while others are missing
PATIENCE_MS = 86_400_000


class Arriving(msgspec.Struct, frozen=True):
    """One submission, whichever PDU brought it."""

    sender: str
    recipient: str
    esm_class: int
    data_coding: int
    payload: bytes
    tlvs: dict[int, bytes] = {}


class _Part(msgspec.Struct, frozen=True):
    """One segment without its header."""

    arriving: Arriving
    octets: bytes
    #: national language tables: locking, single
    tables: tuple[int, int]


class Received(msgspec.Struct, frozen=True):
    """One whole message on a handset."""

    #: Unix milliseconds
    at: int
    recipient: str
    sender: str
    text: str
    encoding: str
    segments: int
    #: 0: shown at once and not kept; None: not told
    message_class: int | None


class Handsets:
    """All the handsets."""

    def __init__(self) -> None:
        self._received: deque[Received] = deque(maxlen=MAX_MESSAGES)
        self._parts: Reassembly[_Part] = Reassembly(PATIENCE_MS, MAX_INCOMPLETE)
        #: segments that arrived, repeated ones included
        self.segments = 0
        #: whole messages since the start, also those that are forgotten
        self.messages = 0

    def receive(self, arriving: Arriving, now: int) -> Received | None:
        """Take one segment; returns the message that it completes."""
        self.segments += 1
        for parts in self._parts.give_up(now):
            self._show(parts, now)  # as far as it came
        elements: dict[int, bytes] = {}
        octets = arriving.payload
        if arriving.esm_class & UDHI:
            elements, octets = udh.split_header(arriving.payload)
        part = _Part(arriving, octets, udh.shift_tables(elements))
        place = udh.concatenation(elements) or _sar(arriving.tlvs)
        if place is None or place.total == 1:
            return self._show([part], now)
        whole = self._parts.take((arriving.sender, arriving.recipient), place, part, now)
        return self._show(whole, now) if whole is not None else None

    def _show(self, parts: list[_Part], now: int) -> Received:
        first = parts[0].arriving
        coding = dcs.read(first.data_coding)
        # together before they are read: other people's segments end inside pairs of any kind
        text = _read(coding.alphabet, b"".join([part.octets for part in parts]), parts[0].tables)
        received = Received(
            now, first.recipient, first.sender, text, coding.alphabet.name, len(parts), coding.message_class
        )
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
        return len(self._parts)

    def clear(self) -> None:
        """Forget everything."""
        self._received.clear()
        self._parts.clear()
        self.segments = self.messages = 0


def _read(alphabet: Alphabet, octets: bytes, tables: tuple[int, int]) -> str:
    """Read a text as a handset shows it; octets that are no text in hexadecimal."""
    if alphabet is Alphabet.GSM7:
        return from_septets(octets, *tables)
    if alphabet is Alphabet.OCTETS:
        return octets.hex(" ")
    return octets.decode(alphabet, "replace")


def _sar(tlvs: dict[int, bytes]) -> Concatenation | None:
    """Find which segment this is by its TLVs. Source: SMPP v3.4 §5.3.2.22 to §5.3.2.24."""
    reference, total, number = (
        int.from_bytes(tlvs.get(tag, b""), "big")
        for tag in (tlv.SAR_MSG_REF_NUM, tlv.SAR_TOTAL_SEGMENTS, tlv.SAR_SEGMENT_SEQNUM)
    )
    return Concatenation(reference, total, number) if 1 <= number <= total else None
