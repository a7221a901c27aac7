"""What a carrier's answers tell of how it copes, for links of any kind: that it throttles, and with which
answer; that it takes longer than `response_s`. Said once when it begins and once when it is over.
"""

from __future__ import annotations

import structlog

from aldis.clock import Clock
from aldis.links.slow_down import SlowDown
from aldis.telemetry import Metrics

log = structlog.get_logger()

#: answers come in time again when none was late for so long
CALM_S = 60.0


class CarrierAnswers:
    """The answers of one link's carrier."""

    def __init__(self, link: str, response_s: float, clock: Clock, metrics: Metrics) -> None:
        self.slow_down = SlowDown(clock.monotonic())
        #: the last answer that slowed us down, by its name, and when (Unix milliseconds); "" for none
        self.throttled_by, self.throttled_at = "", 0
        #: when an answer was last awaited for longer than `response_s`; 0: never
        self.late_at = 0
        #: answers come late just now
        self.is_late = False
        self._calm_at = 0.0
        self._link = link
        self._response_s = response_s
        self._clock = clock
        self._rate = metrics.link_rate.labels(link)
        self._late_metric = metrics.link_late_at.labels(link)
        self._throttled_metric = metrics.link_throttled_at

    def note_throttled(self, answer: str) -> None:
        """Hear that an answer says it is too much: send slower."""
        was_free = self.slow_down.rate_per_s is None
        self.slow_down.throttled(self._clock.monotonic())
        self.throttled_by, self.throttled_at = answer, self._clock.now()
        self._throttled_metric.labels(self._link, answer).set(self.throttled_at / 1000)
        if was_free:
            rate = round(self.slow_down.rate_per_s or 0)
            log.warning("the carrier throttles: slowing down", link=self._link, per_s=rate, answer=answer)

    def note_late(self) -> None:
        """Hear that an answer is awaited for longer than it should take."""
        self.late_at = self._clock.now()
        self._late_metric.set(self.late_at / 1000)
        self._calm_at = self._clock.monotonic() + CALM_S
        if not self.is_late:
            self.is_late = True
            log.warning("answers come after response_s", link=self._link, response_s=self._response_s)

    def tick(self) -> bool:
        """Let time pass; returns whether what the rate has held back may go on."""
        now, was_slowed = self._clock.monotonic(), self.slow_down.rate_per_s is not None
        self.slow_down.room(now)  # time passes for it also where nothing is sent
        self._rate.set(self.slow_down.rate_per_s or 0)
        if was_slowed and self.slow_down.rate_per_s is None:
            log.info("the carrier throttles no more", link=self._link)
        if self.is_late and now >= self._calm_at:
            self.is_late = False
            log.info("answers come in time again", link=self._link)
        return was_slowed
