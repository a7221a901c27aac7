"""What is kept of what carriers send: messages from handsets, and delivery receipts."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec

from aldis.traffic.inbound import InboundPart, NewInbound, Segments
from aldis.traffic.receipt import Receipt


class InboundBatch(msgspec.Struct, frozen=True):
    """What handsets sent, as one round of the collector judged it."""

    #: as they are to be from now on
    segments: tuple[Segments, ...]
    messages: tuple[NewInbound, ...]
    #: an identical message within this time is the carrier's repetition
    repeat_ms: int
    #: accounts that cannot owe, among those that reply
    prepaid: frozenset[int]


#: early receipts that are reviewed in one transaction
MAX_REVIEWED = 500


class RecordedReceipts(msgspec.Struct, frozen=True):
    """What was odd about a batch of receipts."""

    #: kept until a response names their segment
    early: int
    #: by link and `traffic/anomalies.py`, how many were kept though their id is known, or were matched by an
    #: id that stood beside another number
    anomalies: dict[tuple[str, str], int] = {}
    #: early receipts that were forgotten before their time, because there were too many
    forgotten: int = 0


class ReviewedRange(msgspec.Struct, frozen=True):
    """Early receipts of a link up to a key of theirs, `MAX_REVIEWED` at most; `now` in Unix milliseconds."""

    link: str
    up_to: int
    now: int


class ReviewedReceipts(msgspec.Struct, frozen=True):
    """How many early receipts were looked at, and how many of them were matched by another spelling."""

    count: int
    respelled: int


class InboundStore(Protocol):
    """Takes messages from handsets in."""

    async def segments(self, part: InboundPart) -> Segments:
        """Give the segments that are kept under the reference of a segment; none where there are none."""

    async def stale(self, before: int, repeated_before: int, limit: int) -> list[Segments]:
        """Give the segments under references with messages that began before an instant, whole or not, or
        with repetitions that began before another.
        """

    async def record(self, batch: InboundBatch) -> int:
        """Keep segments and whole messages, with the consents, replies and postbacks that follow. Returns how
        many were repetitions of the carrier's and are not kept twice.
        """


class ReceiptStore(Protocol):
    """Takes receipts in."""

    async def record(self, receipts: Sequence[Receipt]) -> RecordedReceipts:
        """Match receipts to the segments with exactly their ids, move their messages, owe their postbacks;
        keep those without a segment.
        """

    async def knows(self, receipt: Receipt) -> bool:
        """Tell whether a segment of the receipt's link has its id, in any spelling."""

    async def is_among(self, receipt: Receipt, message_ids: AbstractSet[int]) -> bool:
        """Tell whether one of these messages went to a number that the receipt names."""

    async def unreviewed(self, links: Sequence[str]) -> dict[str, int]:
        """Give the highest key of each link's early receipts that were not reviewed, where there are any."""

    async def review(self, review: ReviewedRange) -> ReviewedReceipts:
        """Match early receipts by other spellings of their ids (hexadecimal for decimal, another case); those
        that are left wait until a response names them, in any spelling.

        To be called when no response can be missing any more that names one of them exactly.
        """
