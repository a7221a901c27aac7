"""The token bucket: so many a second, so many at once. Pure arithmetic on a time that is handed in.

Used for accounts' rates at the doors and for links' TPS; a taker may overdraw it, and then later ones wait
the debt out.
"""

from __future__ import annotations


class TokenBucket:
    """`rate_per_s` tokens flow in, at most `burst` are kept."""

    def __init__(self, rate_per_s: float, burst: float, now: float) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._level = burst
        self._at = now

    def level(self, now: float) -> float:
        """Tell how many tokens there are; negative while a debt is being paid."""
        if now > self._at:
            self._level = min(self.burst, self._level + (now - self._at) * self.rate_per_s)
            self._at = now
        return self._level

    def take(self, count: int, now: float) -> bool:
        """Take `count` tokens if that many are there, or if the bucket is full: one large taker is let
        through, then pays.
        """
        if not self.has_room(count, now):
            return False
        self._level -= count
        return True

    def has_room(self, count: int, now: float) -> bool:
        """Tell whether `count` tokens could be taken."""
        return self.level(now) >= min(count, self.burst)

    def wait_s(self, now: float) -> float:
        """Tell how long until one whole token is there."""
        return max(0.0, (min(1.0, self.burst) - self.level(now)) / self.rate_per_s)
