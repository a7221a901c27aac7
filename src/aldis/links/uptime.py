"""Whether a link is up, and since when it is not: for people and metrics."""

from __future__ import annotations

from aldis.clock import Clock
from aldis.telemetry import Metrics


class Uptime:
    """One link's; down when it is made."""

    def __init__(self, link: str, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._up = metrics.link_up.labels(link)
        self._since = metrics.link_down_since.labels(link)
        #: Unix milliseconds; 0: it is up
        self.down_since = 0
        self.note(is_up=False)

    def note(self, *, is_up: bool) -> None:
        """Hear how it stands."""
        self._up.set(int(is_up))
        if is_up:
            self.down_since = 0
        elif not self.down_since:
            self.down_since = self._clock.now()
        self._since.set(self.down_since / 1000)
