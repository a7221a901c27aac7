"""Where the segments of one long message are put together. Pure.

References come round again, and carriers repeat segments: one that is the same as before is a repetition, for
a while also of a message that is whole already; another one under a known number begins a new message, and
the old one is given as far as it came. Source: 3GPP TS 23.040 §9.2.3.24.1.
"""

from __future__ import annotations

from aldis.sms.reading import Piece
from aldis.traffic.inbound import InboundPart, Segments


class Desk:
    """What is kept under one reference, and what comes."""

    def __init__(self, kept: Segments, repeat_ms: int) -> None:
        self._kept = kept
        self._repeat_ms = repeat_ms
        self._pieces = dict(kept.pieces)
        self._began_at = kept.began_at
        self._whole_at = kept.whole_at

    @property
    def segments(self) -> Segments:
        """What is to be kept from now on."""
        kept = self._kept
        return Segments(
            kept.link,
            kept.sender,
            kept.recipient,
            kept.reference,
            kept.total,
            self._pieces,
            self._began_at,
            self._whole_at,
        )

    def take(self, part: InboundPart, number: int) -> list[list[Piece]]:
        """Take a segment; returns the messages that are to be told now: none, one, or an old one as far as it
        came and a new one.
        """
        now, found = part.received_at, []
        known = self._pieces.get(number)
        if known == part.piece and (not self._whole_at or now - self._whole_at < self._repeat_ms):
            return []
        if self._whole_at or known is not None:
            if not self._whole_at:
                found.append(self._in_order())
            self._pieces, self._began_at, self._whole_at = {}, now, 0
        self._pieces[number] = part.piece
        if len(self._pieces) == self._kept.total:
            self._whole_at = now
            found.append(self._in_order())
        return found

    def _in_order(self) -> list[Piece]:
        return [self._pieces[number] for number in sorted(self._pieces)]
