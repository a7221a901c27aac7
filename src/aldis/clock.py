"""What time it is, as a thing that can be handed in; nothing below `app/` reads a clock by itself.

Instants are Unix time in whole milliseconds (`_at`, `_due_at`): they fit a 64-bit column, compare without
time zones and cost nothing on the hot path. Intervals are seconds as float (`_s`), measured with the
monotonic clock.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

#: Unix time in seconds, for the Date of HTTP answers: the machine's own function, as each answer asks
unix_s: Callable[[], float] = time.time

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)


class Clock(Protocol):
    """Two readings: one to write down, one to measure with."""

    def now(self) -> int:
        """Return Unix time in milliseconds."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, from an unspecified start."""

    def is_synchronised(self) -> bool:
        """Tell whether the clock is kept right by somebody, as far as that can be told."""


class SystemClock:
    """The machine's clock; made in `app/` and handed down."""

    def now(self) -> int:
        """Return Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return the system's monotonic seconds."""
        return time.monotonic()

    def is_synchronised(self) -> bool:
        """Tell what the kernel says of it."""
        return kernel_clock_state() in _SYNCHRONISED


#: of adjtimex(2): TIME_OK, and the announcements of a leap second; TIME_ERROR is the other one
_SYNCHRONISED = range(5)
_TIMEX_OCTETS = 1024


def kernel_clock_state() -> int | None:
    """Ask adjtimex(2) for the state of the clock; negative where we may not, None where there is no such
    call.
    """
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_OCTETS)))
    except (AttributeError, OSError):  # not Linux
        return None


def as_iso(instant: int) -> str:
    """Write Unix milliseconds as programs read them: ISO 8601 (RFC 3339), in UTC."""
    return as_datetime(instant).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def iso_or_none(instant: int | None) -> str | None:
    """Write an instant in ISO 8601; None or 0 stand for none."""
    return as_iso(instant) if instant else None


def as_datetime(instant: int) -> datetime:
    """Turn Unix milliseconds into an aware UTC datetime, exactly; what no calendar has becomes its first or
    last moment, so that whatever was kept once can be shown.
    """
    seconds, milliseconds = divmod(instant, 1000)
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
    except (ValueError, OverflowError, OSError):
        return _FIRST if instant < 0 else _LAST


def read_instant(text: str) -> int:
    """Read ISO 8601 as Unix milliseconds; what names no time zone is UTC. Raises ValueError on anything else,
    and on what is not after 1970 and before 10000, in UTC.
    """
    moment = datetime.fromisoformat(text)
    instant = as_millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if not 0 < instant <= LATEST:
        raise ValueError("not within the calendar")
    return instant


def as_millis(instant: datetime) -> int:
    """Turn an aware datetime into Unix milliseconds, exactly."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


#: the last instant that has a date
LATEST = as_millis(_LAST)
