"""How long to wait after wrong passwords: twice as long each time, for whatever is counted: a login, an
address, both together. Pure.
"""

from __future__ import annotations

from collections import OrderedDict

FREE_TRIES = 3
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
#: failures are forgotten so long after the last wait has ended
FORGET_S = 3600.0
MOST_REMEMBERED = 10_000


class LockOut:
    """Remembers failures in memory; a restart forgets them."""

    def __init__(self, free_tries: int = FREE_TRIES, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self._free_tries = free_tries
        self._longest_wait_s = longest_wait_s
        #: key → (failures, when the next try is allowed); the one that failed last is the last
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, keys: tuple[str, ...], now: float) -> float:
        """Tell how long these must wait; 0: they may try."""
        return max(0.0, *(self._failures.get(key, (0, now))[1] - now for key in keys))

    def failures(self, key: str, now: float) -> int:
        """Tell how often it failed of late."""
        count, allowed_at = self._failures.get(key, (0, now))
        return count if now < allowed_at + FORGET_S else 0

    def failed(self, keys: tuple[str, ...], now: float) -> None:
        """Count a failure against each of these."""
        for key in keys:
            count = self.failures(key, now) + 1
            free = self._free_tries
            wait = 0.0 if count < free else FIRST_WAIT_S * 2.0 ** min(count - free, 20)
            self._failures[key] = (count, now + min(wait, self._longest_wait_s))
            self._failures.move_to_end(key)
            if len(self._failures) > MOST_REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, keys: tuple[str, ...]) -> None:
        """Forget the failures of these."""
        for key in keys:
            self._failures.pop(key, None)
