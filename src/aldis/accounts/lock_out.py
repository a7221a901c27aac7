"""How long to wait after wrong passwords: twice as long each time, for whatever is counted: a login, an
address, both together. Pure.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

FREE_TRIES = 3
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
#: failures are forgotten so long after the last wait has ended
FORGET_S = 3600.0
MOST_REMEMBERED = 10_000


class PauseRules(msgspec.Struct, frozen=True):
    """When to wait, and for how long."""

    free_tries: int = FREE_TRIES
    longest_wait_s: float = LONGEST_WAIT_S

    def wait_s(self, failures: int) -> float:
        """Tell how long to wait after so many failures."""
        if failures < self.free_tries:
            return 0.0
        return min(FIRST_WAIT_S * 2.0 ** min(failures - self.free_tries, 20), self.longest_wait_s)


class LockOut:
    """Remembers failures in memory; a restart forgets them."""

    def __init__(self, rules: PauseRules) -> None:
        self.rules = rules
        #: key → (failures, when the next try is allowed); the one that failed last is the last
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, keys: tuple[str, ...], now: float) -> float:
        """Tell how long these must wait; 0: they may try."""
        return max([0.0, *(self._failures.get(key, (0, now))[1] - now for key in keys)])

    def failures(self, key: str, now: float) -> int:
        """Tell how often it failed of late."""
        count, allowed_at = self._failures.get(key, (0, now))
        return count if now < allowed_at + FORGET_S else 0

    def failed(self, keys: tuple[str, ...], now: float) -> None:
        """Count a failure against each of these."""
        for key in keys:
            count = self.failures(key, now) + 1
            self.learn(key, count, self.rules.wait_s(count), now)

    def learn(self, key: str, failures: int, wait_s: float, now: float) -> None:
        """Hear how often it has failed, and how long it must wait from now on."""
        self._failures[key] = (failures, now + wait_s)
        self._failures.move_to_end(key)
        if len(self._failures) > MOST_REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, keys: tuple[str, ...]) -> None:
        """Forget the failures of these."""
        for key in keys:
            self._failures.pop(key, None)
