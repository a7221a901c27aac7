"""What is kept of what carriers send: messages from handsets, and delivery receipts."""

from __future__ import annotations

from collections.abc import Sequence
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

    async def record(self, receipts: Sequence[Receipt]) -> int:
        """Match receipts to segments, move their messages, owe their postbacks; keep those without a segment.

        Returns how many were early.
        """
