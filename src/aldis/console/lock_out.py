"""How long to wait after failed sign-ins: twice as long each time, for a name and for an address. Pure."""

from __future__ import annotations

from collections import OrderedDict

FREE_TRIES = 3
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
MOST_REMEMBERED = 10_000


class LockOut:
    """Remembers failures in memory; a restart forgets them."""

    def __init__(self) -> None:
        #: name or address → (failures, when the next try is allowed)
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, keys: tuple[str, ...], now: float) -> float:
        """Tell how long these must wait; 0: they may try."""
        return max(0.0, *(self._failures.get(key, (0, now))[1] - now for key in keys))

    def failed(self, keys: tuple[str, ...], now: float) -> None:
        """Count a failure against each of these."""
        for key in keys:
            count = self._failures.pop(key, (0, 0.0))[0] + 1
            wait = 0.0 if count < FREE_TRIES else FIRST_WAIT_S * 2.0 ** min(count - FREE_TRIES, 20)
            self._failures[key] = (count, now + min(wait, LONGEST_WAIT_S))
            if len(self._failures) > MOST_REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, keys: tuple[str, ...]) -> None:
        """Forget the failures of these."""
        for key in keys:
            self._failures.pop(key, None)
