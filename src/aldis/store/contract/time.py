"""What the store knows of time, and whether it takes writes now."""

from __future__ import annotations

from typing import Protocol

from aldis.accounts.staff import AuditEntry


class TimeStore(Protocol):
    """Tells a clock that was set from one that was not."""

    async def pulse(self, now: int, *, is_believed: bool) -> None:
        """Write that it is now, to see whether writes are taken and, where the clock is believed, to remember
        the time. Raises StoreUnavailable, also where what is written cannot be read again, and
        StoreGone where it is lost.
        """

    async def newest_instant(self) -> int:
        """Give the newest instant that a pulse believed, else that of the newest message; 0: none."""

    async def agree_on_clock(self, now: int, entry: AuditEntry) -> None:
        """Write that an operator says that the clock is right."""

    async def clock_agreed_at(self) -> int:
        """Give when an operator said so last; 0: never."""

    async def make_due(self, limit: int, now: int, longest_wait_ms: int) -> int:
        """After the clock was set back: have due now what was due at once, or waits longer to be tried again
        than anything may, messages and postbacks alike, `limit` of each at most. What customers asked for
        at an instant stays. Returns how many.
        """
