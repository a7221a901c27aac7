"""Everybody who has a live page or an event stream open: bounded, and told when the gateway stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MOST_STREAMS = 50


class SseLimits:
    """Everybody who has a stream open."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self._most = most
        self._count = 0
        self._closed = asyncio.Event()

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._count

    @property
    def are_closed(self) -> bool:
        """Whether all are to end."""
        return self._closed.is_set()

    @property
    def have_room(self) -> bool:
        """Whether one more may come."""
        return self._count < self._most and not self.are_closed

    def close(self) -> None:
        """End all streams: the gateway stops."""
        self._closed.set()

    async def pause(self, seconds: float) -> bool:
        """Wait; returns whether to go on after that."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds)
        return not self.are_closed

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count one stream while it lasts."""
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
