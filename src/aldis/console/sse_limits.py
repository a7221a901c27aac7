"""Everybody who has a live page or an event stream open: bounded, and told when the gateway stops."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MOST_STREAMS = 50
#: of one person or key, so that nobody takes them all
MOST_EACH = 25


class SseLimits:
    """Everybody who has a stream open."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self._most = most
        #: by whose they are
        self._counts: Counter[str] = Counter()
        self._closed = asyncio.Event()

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._counts.total()

    @property
    def are_closed(self) -> bool:
        """Whether all are to end."""
        return self._closed.is_set()

    def have_room(self, whose: str) -> bool:
        """Tell whether one more of somebody's may come."""
        return self.count < self._most and self._counts[whose] < MOST_EACH and not self.are_closed

    def close(self) -> None:
        """End all streams: the gateway stops."""
        self._closed.set()

    async def pause(self, seconds: float) -> bool:
        """Wait; returns whether to go on after that."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds)
        return not self.are_closed

    @contextmanager
    def counted(self, whose: str) -> Iterator[None]:
        """Count one stream of somebody's while it lasts."""
        self._counts[whose] += 1
        try:
            yield
        finally:
            self._counts -= Counter((whose,))  # which forgets those who have none
