"""Sends slower while an SMSC says that it is too much, and finds its way back. Pure: time is an argument.

Halves the rate at each second in which a submit was throttled, and lets it grow by a tenth in each second
without; above the rate that it began with there is no limit any more. A carrier that is pressed on answers
with a longer block, and each throttled submit costs its message a wait. Source: SMPP v3.4 §5.1.3
(ESME_RTHROTTLED, ESME_RMSGQFUL).
"""

from __future__ import annotations

LEAST_PER_S = 1.0
LESS, MORE = 0.5, 1.1
#: how long one judgement of the rate takes
SPELL_S = 1.0


class SlowDown:
    """The rate of one link; no limit until the first complaint."""

    def __init__(self, now: float) -> None:
        #: segments a second; None: as fast as the window allows
        self.rate_per_s: float | None = None
        self._began_with = LEAST_PER_S
        self._spell_began = now
        self._submitted = 0
        self._was_throttled = False
        self._tokens = 0.0
        self._filled_at = now

    def submitted(self) -> None:
        """Hear of a submit."""
        self._submitted += 1
        if self.rate_per_s is not None:
            self._tokens -= 1

    def throttled(self, now: float) -> None:
        """Hear of a complaint; the first of a spell slows down at once."""
        if not self._was_throttled:
            self._was_throttled = True
            passed = max(now - self._spell_began, 0.1)
            seen = self._submitted / max(passed, SPELL_S)
            if self.rate_per_s is None:
                self._began_with = max(seen, LEAST_PER_S)
                self._filled_at, self._tokens = now, 0.0
            self.rate_per_s = max(LEAST_PER_S, LESS * min(seen, self.rate_per_s or seen))

    def room(self, now: float) -> float:
        """Tell how many segments may go now; infinite without a limit."""
        if now - self._spell_began >= SPELL_S:
            self._judge(now)
        if self.rate_per_s is None:
            return float("inf")
        self._tokens = min(
            max(1.0, self.rate_per_s / 5), self._tokens + (now - self._filled_at) * self.rate_per_s
        )
        self._filled_at = now
        return self._tokens

    def _judge(self, now: float) -> None:
        if self.rate_per_s is not None and not self._was_throttled:
            self.rate_per_s *= MORE
            if self.rate_per_s > self._began_with:
                self.rate_per_s = None
        self._spell_began, self._submitted, self._was_throttled = now, 0, False
