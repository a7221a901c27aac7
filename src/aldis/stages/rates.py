"""What accounts may use a second, whichever stage they use it in: messages or questions, and segments."""

from __future__ import annotations

from enum import Enum, auto

from aldis.accounts.account import Account
from aldis.clock import Clock
from aldis.traffic.pacing import TokenBucket


class Unit(Enum):
    """What an account's rate counts."""

    #: each question counts as one
    MESSAGES = auto()
    SEGMENTS = auto()


def rate_of(account: Account, unit: Unit) -> tuple[float | None, int]:
    """Give an account's rate a second, None for no limit, and how many it may have at once."""
    if unit is Unit.MESSAGES:
        return account.rate_per_s, account.burst
    return account.segments_per_s, account.segment_burst


class AccountRates:
    """All accounts' buckets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: by account and unit
        self._buckets: dict[tuple[str, Unit], TokenBucket] = {}

    def take(self, account: Account, unit: Unit, count: int) -> bool:
        """Take so many off an account's rate; False when there is no room, and then nothing is taken."""
        bucket = self._bucket(account, unit)
        return bucket is None or bucket.take(count, self._clock.monotonic())

    def have_room(self, account: Account, unit: Unit, count: int) -> bool:
        """Tell whether `take` would take so many now."""
        bucket = self._bucket(account, unit)
        return bucket is None or bucket.has_room(count, self._clock.monotonic())

    def _bucket(self, account: Account, unit: Unit) -> TokenBucket | None:
        rate, burst = rate_of(account, unit)
        if rate is None:
            return None
        bucket = self._buckets.get((account.name, unit))
        if bucket is None or (bucket.rate_per_s, bucket.burst) != (rate, burst):
            bucket = TokenBucket(rate, burst, self._clock.monotonic())
            self._buckets[account.name, unit] = bucket
        return bucket
