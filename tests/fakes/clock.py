"""A clock that moves only when a test says so."""

from __future__ import annotations

#: 2026-11-21 12:00:00 UTC
NOON = 1_795_262_400_000


class FakeClock:
    """Implements `aldis.clock.Clock`."""

    def __init__(self, now: int = NOON) -> None:
        self._now = now
        self._monotonic = 1000.0
        #: what the kernel says
        self.synchronised = False

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def is_synchronised(self) -> bool:
        return self.synchronised

    def step(self, seconds: float) -> None:
        """Set the wall clock, as somebody might."""
        self._now += int(seconds * 1000)

    def advance(self, seconds: float) -> None:
        self._now += int(seconds * 1000)
        self._monotonic += seconds
