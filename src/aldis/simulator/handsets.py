"""The handsets behind the simulated SMSC: put segments together, keep what each number received, bounded.

Reads what arrives as a handset would: by data_coding, user data header and SAR TLVs, through the decoders of
`sms/`.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import islice

import msgspec

from aldis.mms.composing import taken_apart
from aldis.mms.parts import Part, all_leaves
from aldis.smpp import tlv
from aldis.smpp.esm_class import UDHI
from aldis.sms import dcs
from aldis.sms.reading import Piece, piece, text_of
from aldis.sms.reassembly import BURST_MS, OVERLAP_MS, Reassembly, Times
from aldis.sms.udh import Concatenation
from aldis.traffic.handset import Attached, Bubble, Phone

MAX_MESSAGES = 200_000
MAX_INCOMPLETE = 10_000
#: how long a handset keeps segments while others are missing
PATIENCE_MS = 86_400_000
#: of multimedia messages
MAX_CONTENT_OCTETS = 67_108_864


class Arriving(msgspec.Struct, frozen=True):
    """One submission, whichever PDU brought it."""

    sender: str
    recipient: str
    esm_class: int
    data_coding: int
    payload: bytes
    tlvs: dict[int, bytes] = {}


#: what arrived, and what it holds
_Part = tuple[Arriving, Piece]


class ReceivedPart(msgspec.Struct, frozen=True):
    """One part of a multimedia message on a handset; its octets are kept apart."""

    content_type: str
    name: str
    octets: int


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
    #: of a multimedia message
    parts: tuple[ReceivedPart, ...] = ()
    #: tells its contents from those of others; 0 where it has none
    number: int = 0


class Handsets:
    """All the handsets."""

    def __init__(self) -> None:
        #: the numbers of all kept messages, oldest first
        self._order: deque[str] = deque()
        #: by number, those that had something to do last at the end; lists, because most have one message
        self._conversations: dict[str, list[Received | Bubble]] = {}
        self._parts: Reassembly[_Part] = Reassembly(
            Times(PATIENCE_MS, overlap=OVERLAP_MS, burst=BURST_MS),
            MAX_INCOMPLETE,
            lambda one, other: one[1] == other[1],
        )
        #: by message and part; the newest, up to MAX_CONTENT_OCTETS
        self._contents: OrderedDict[tuple[int, int], Part] = OrderedDict()
        self._content_octets = 0
        #: segments that arrived, repeated ones included
        self.segments = 0
        #: whole messages since the start, also those that are forgotten
        self.messages = 0
        #: grows with everything that changes a conversation
        self.changes = 0

    def receive(self, arriving: Arriving, now: int) -> Received | None:
        """Take one segment; returns the newest message that it made the handset show."""
        self.segments += 1
        for parts in self._parts.give_up(now):
            self._show(parts, now)
        alphabet = dcs.read(arriving.data_coding).alphabet
        has_header = bool(arriving.esm_class & UDHI)
        found = piece(alphabet, arriving.payload, has_header=has_header, place=_sar(arriving.tlvs))
        if found.place is None:
            return self._show([(arriving, found)], now)
        conversation = (arriving.sender, arriving.recipient)
        told = self._parts.take(conversation, found.place, (arriving, found), now)
        shown = [self._show(parts, now) for parts in told]
        return shown[-1] if shown else None

    def receive_mms(self, sender: str, recipient: str, content: Part, now: int) -> Received:
        """Take a multimedia message. Raises BrokenMime."""
        leaves = all_leaves(content)
        text, _ = taken_apart(content)
        self.messages += 1
        parts = tuple(ReceivedPart(leaf.content_type, leaf.location, len(leaf.octets)) for leaf in leaves)
        received = Received(now, recipient, sender, text, "MMS", 1, None, parts, self.messages)
        self._keep(recipient, received)
        for number, leaf in enumerate(leaves):
            self._contents[received.number, number] = leaf
            self._content_octets += len(leaf.octets)
        while self._content_octets > MAX_CONTENT_OCTETS:
            _, oldest = self._contents.popitem(last=False)
            self._content_octets -= len(oldest.octets)
        return received

    def content(self, number: int, part: int) -> Part | None:
        """Give one part of a multimedia message; None where it is not there any more."""
        return self._contents.get((number, part))

    def _show(self, parts: list[_Part], now: int) -> Received:
        first = parts[0][0]
        coding = dcs.read(first.data_coding)
        text = text_of([found for _, found in parts])
        received = Received(
            now, first.recipient, first.sender, text, coding.alphabet.name, len(parts), coding.message_class
        )
        self._keep(first.recipient, received)
        self.messages += 1
        return received

    def wrote(self, number: str, bubble: Bubble) -> None:
        """Keep what a handset wrote."""
        self._keep(number, bubble)

    def _keep(self, number: str, message: Received | Bubble) -> None:
        conversation = self._conversations.pop(number, None) or []
        conversation.append(message)
        self._conversations[number] = conversation
        self._order.append(number)
        self.changes += 1
        if len(self._order) > MAX_MESSAGES:
            oldest = self._order.popleft()
            del self._conversations[oldest][0]
            if not self._conversations[oldest]:
                del self._conversations[oldest]

    def numbers(self) -> dict[str, int]:
        """Count the kept messages that each handset received."""
        counts = {
            number: sum(isinstance(message, Received) for message in conversation)
            for number, conversation in self._conversations.items()
        }
        return {number: count for number, count in counts.items() if count}

    def of(self, number: str) -> list[Received]:
        """Give what one handset received, oldest first."""
        return [each for each in self._conversations.get(number, ()) if isinstance(each, Received)]

    def conversation(self, number: str, limit: int) -> list[Bubble]:
        """Give the newest of what one handset received and wrote, oldest first."""
        newest = list(islice(reversed(self._conversations.get(number, ())), limit))
        return [_bubble(message) for message in reversed(newest)]

    def phones(self, limit: int) -> list[Phone]:
        """Give the handsets that had something to do last, newest first."""
        newest = islice(reversed(self._conversations.items()), limit)
        return [
            Phone(number, len(conversation), _bubble(conversation[-1])) for number, conversation in newest
        ]

    @property
    def incomplete(self) -> int:
        """Messages of which segments are missing."""
        return len(self._parts)

    def clear(self) -> None:
        """Forget everything."""
        self._order.clear()
        self._conversations.clear()
        self.changes += 1
        self._contents.clear()
        self._content_octets = 0
        self._parts.clear()
        self.segments = self.messages = 0


def _sar(tlvs: dict[int, bytes]) -> Concatenation | None:
    place = tlv.sar(tlvs)
    return Concatenation(*place) if place is not None else None


def _bubble(message: Received | Bubble) -> Bubble:
    if isinstance(message, Bubble):
        return message
    return Bubble(
        at=message.at,
        is_written=False,
        other=message.sender,
        text=message.text,
        encoding=message.encoding,
        segments=message.segments,
        message_class=message.message_class,
        parts=tuple(Attached(part.content_type, part.name, part.octets) for part in message.parts),
        content_id=message.number,
    )
