"""What is kept of delivery receipts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aldis.traffic.receipt import Receipt


class ReceiptStore(Protocol):
    """Takes receipts in."""

    async def record(self, receipts: Sequence[Receipt]) -> int:
        """Match receipts to segments, move their messages, owe their postbacks; keep those without a segment.

        Returns how many were early.
        """
