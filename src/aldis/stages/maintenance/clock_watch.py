"""Notices that the clock was set, and decides when what is far from all before may be believed. Pure.

The wall clock is compared with the monotonic one from look to look, and at the start with the newest instant
that the store knows. A step of a minute or more leaves the clock in doubt: what forgets and expires has to
wait until a second reading agrees. That is the kernel, which says that somebody keeps the clock synchronised
(adjtimex(2); whoever sets it by hand takes that away); or the clock itself, which is back where it was; or an
hour in which both clocks ran alike; or an operator.
"""

from __future__ import annotations

import msgspec

#: a step that is noticed, and one after which the clock is in doubt
STEP_MS, DOUBT_MS = 1_000, 60_000
#: how long the gateway may have been away without anybody asking whether it was the clock
AWAY_MS = 600_000
#: how long both clocks must run alike
AGREE_S = 3_600.0


class ClockReading(msgspec.Struct, frozen=True):
    """Both clocks in one moment."""

    now: int
    monotonic: float
    #: whether somebody keeps it so, as far as that can be told
    is_synchronised: bool


class ClockWatch:
    """Remembers what was believed last."""

    def __init__(self, newest_at: int) -> None:
        """`newest_at`: the newest instant in the store that was believed; 0: none."""
        self._newest_at = newest_at
        self._last: ClockReading | None = None
        #: what was believed last, and by how much more it may seem since: before the start time passed unseen
        self._agreed: ClockReading | None = None
        self._slack_ms = AWAY_MS
        #: since when it is in doubt
        self._doubted: ClockReading | None = None
        #: how far it is from what was believed, in milliseconds; 0: nowhere in doubt
        self.off_ms = 0

    @property
    def is_in_doubt(self) -> bool:
        """Whether nothing may be forgotten or expired now."""
        return self._doubted is not None

    def look(self, reading: ClockReading, operator_agreed_at: int = 0) -> int:
        """Take a reading; returns by how many milliseconds the clock was set since the last one, 0 for not.
        `operator_agreed_at`: when an operator said last that the clock is right, by this clock; 0: never.
        """
        if self._last is None or self._agreed is None:
            self._agreed = msgspec.structs.replace(reading, now=self._newest_at or reading.now)
            step = self._off(self._agreed, reading)
        else:
            step = _apart(self._last, reading)
        self._last = reading
        off = self._off(self._agreed, reading)
        if abs(off) < DOUBT_MS:
            self._agree(reading)
        elif self._doubted is None or abs(step) >= DOUBT_MS:
            self._doubted, self.off_ms = reading, off
        if self._doubted is not None and (
            reading.is_synchronised
            or self._doubted.now <= operator_agreed_at <= reading.now
            or reading.monotonic - self._doubted.monotonic >= AGREE_S
        ):
            self._agree(reading)
        return step if abs(step) >= STEP_MS else 0

    def _agree(self, reading: ClockReading) -> None:
        self._agreed, self._slack_ms = reading, 0
        self._doubted, self.off_ms = None, 0

    def _off(self, agreed: ClockReading, reading: ClockReading) -> int:
        off = _apart(agreed, reading)
        return 0 if 0 <= off <= self._slack_ms else off


def _apart(earlier: ClockReading, later: ClockReading) -> int:
    """Tell how much further the wall clock came than the monotonic one, in milliseconds."""
    return later.now - earlier.now - round((later.monotonic - earlier.monotonic) * 1000)
