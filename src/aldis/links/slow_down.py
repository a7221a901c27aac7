"""Sends slower while a carrier says that it is too much, and finds its way back. Pure: time is an argument.

Halves the rate, once in each second in which a submit was throttled, and lets it grow by a tenth in each
second without; above the rate at which the first complaint came there is no limit any more. A carrier that is
pressed on answers with a longer block, and each throttled submit costs its message a wait. Source: SMPP v3.4
§5.1.3 (ESME_RTHROTTLED, ESME_RMSGQFUL); an MMSC says that its service is unavailable.
"""

from __future__ import annotations

LEAST_PER_S = 1.0
LESS, MORE = 0.5, 1.1
#: how long one judgement of the rate takes
SPELL_S = 1.0
#: a part of a spell that is long enough to tell a rate
TELLING_S = 0.2


class SlowDown:
    """The rate of one link; no limit until the first complaint."""

    def __init__(self, now: float) -> None:
        #: segments a second; None: as fast as the window allows
        self.rate_per_s: float | None = None
        #: the rate of the first complaint, above which the limit is lifted
        self._began_with = LEAST_PER_S
        self._spell_began = now
        self._submitted = 0
        #: the rate of the spell before this one
        self._before = 0.0
        self._was_throttled = False
        self._tokens = 0.0
        self._filled_at = now

    @property
    def recent_per_s(self) -> float:
        """Segments a second that were submitted in the last spell."""
        return self._before

    def submitted(self) -> None:
        """Hear of a submit."""
        self._submitted += 1
        if self.rate_per_s is not None:
            self._tokens -= 1

    def throttled(self, now: float) -> None:
        """Hear of a complaint; the first of a spell slows down at once."""
        self._judge(now)
        if self._was_throttled:
            return
        self._was_throttled = True
        if self.rate_per_s is None:
            passed = now - self._spell_began
            rate = max(self._before, self._submitted / passed if passed >= TELLING_S else self._submitted)
            self.rate_per_s = self._began_with = max(rate, LEAST_PER_S)
            self._filled_at, self._tokens = now, 0.0
        self.rate_per_s = max(LEAST_PER_S, LESS * self.rate_per_s)

    def room(self, now: float) -> float:
        """Tell how many segments may go now; infinite without a limit."""
        self._judge(now)
        if self.rate_per_s is None:
            return float("inf")
        most = max(1.0, self.rate_per_s / 5)
        self._tokens = min(most, self._tokens + (now - self._filled_at) * self.rate_per_s)
        self._filled_at = now
        return self._tokens

    def _judge(self, now: float) -> None:
        """Close the spell when it is over, and let the rate grow for each one without a complaint."""
        spells = int((now - self._spell_began) / SPELL_S)
        if spells < 1:
            return
        if self.rate_per_s is not None:
            self.rate_per_s *= MORE ** (spells - self._was_throttled)
            if self.rate_per_s > self._began_with:
                self.rate_per_s = None
        self._before = self._submitted / (now - self._spell_began)
        self._spell_began, self._submitted, self._was_throttled = now, 0, False
