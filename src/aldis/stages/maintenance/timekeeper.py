"""Looks whether the clock was set, says so, corrects what waits by it, and tells whether it is believed."""

from __future__ import annotations

import structlog

from aldis.clock import Clock
from aldis.stages.maintenance.clock_watch import ClockReading, ClockWatch
from aldis.store.contract.time import TimeStore
from aldis.telemetry import Metrics

log = structlog.get_logger()

#: messages and postbacks that are made due in a transaction
BATCH = 2_000


class Timekeeper:
    """Watches one gateway's clock; `look` before anything is sent, and every second."""

    def __init__(self, store: TimeStore, clock: Clock, metrics: Metrics, longest_wait_s: float) -> None:
        """`longest_wait_s`: no message waits longer than this to be tried again."""
        self.clock = clock
        self._store = store
        self._metrics = metrics
        self._longest_wait_ms = int(longest_wait_s * 1000)
        self._watch: ClockWatch | None = None
        #: what waits by a clock that was set back is not all due yet
        self._is_behind = False

    @property
    def doubt(self) -> str:
        """Why nothing may expire or be forgotten now; "": it may."""
        off_ms = 0 if self._watch is None else self._watch.off_ms
        return f"{round(abs(off_ms) / 1000)} s {'ahead' if off_ms > 0 else 'back'}" if off_ms else ""

    async def look(self) -> None:
        """See whether the clock was set."""
        if self._watch is None:
            self._watch = ClockWatch(await self._store.newest_instant())
        before = self.doubt
        agreed_at = await self._store.clock_agreed_at() if before else 0
        clock = self.clock
        reading = ClockReading(clock.now(), clock.monotonic(), clock.is_synchronised())
        step_ms = self._watch.look(reading, agreed_at)
        if step_ms:
            log.warning("the clock was set, or time has passed unseen", by_s=step_ms / 1000)
            self._metrics.clock_steps.inc()
            self._is_behind |= step_ms < 0
        if self.doubt != before:
            self._metrics.clock_in_doubt.set(bool(self.doubt))
            if self.doubt:
                log.error("the clock is in doubt: nothing expires and nothing is forgotten", off=self.doubt)
            else:
                log.warning("the clock is believed again", was=before)
        while self._is_behind:  # also where the store took nothing the last time
            self._is_behind = await self._store.make_due(BATCH, clock.now(), self._longest_wait_ms) > 0
