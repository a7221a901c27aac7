"""Watches whether the store takes writes, for `/health/ready`, the metrics and the log. A probe is a real
write, flushed like any other; under load it shares the commit of others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from aldis.errors import LeaseLost, StoreGone, TemporaryError
from aldis.stages.agent import Agent
from aldis.stages.maintenance.timekeeper import Timekeeper
from aldis.store.contract.time import TimeStore
from aldis.telemetry import Metrics

log = structlog.get_logger()

#: from one probe to the next
PROBE_S = 2.0
#: how long a probe may take; and how long a fault lasts until nothing more is taken
PATIENCE_S = 5.0


class StoreMonitor(Agent):
    """Probes the store."""

    def __init__(
        self,
        store: TimeStore,
        time: Timekeeper,
        metrics: Metrics,
        shut: Callable[[bool], None],
    ) -> None:
        """`shut`: is told whether requests are to be refused at once, because nothing has been written for
        so long, or what is written is lost.
        """
        super().__init__("store monitor", PROBE_S)
        self._store = store
        self._time = time
        self._clock = clock = time.clock
        self._metrics = metrics
        self._shut = shut
        #: what is wrong; "": nothing
        self.fault = ""
        #: whether what was written last is lost
        self.is_gone = False
        #: when it last took a write (Unix milliseconds); 0: not yet
        self.written_at = 0
        self._probe: asyncio.Task[None] | None = None
        self._probed_at = self._well_at = clock.monotonic()

    async def step(self) -> int:
        """Probe, or go on waiting for a probe; returns 0."""
        if self._probe is None:
            self._probed_at = self._clock.monotonic()
            self._probe = asyncio.create_task(self._pulse())
        await asyncio.wait((self._probe,), timeout=PROBE_S)
        waited_s = self._clock.monotonic() - self._probed_at
        if self._probe.done():
            probe, self._probe = self._probe, None
            try:
                await probe
            except TemporaryError as fault:
                self._note_fault(str(fault), is_gone=isinstance(fault, StoreGone))
            except LeaseLost as fault:  # for good: another process writes in our place, or we were removed
                self._note_fault(str(fault))
                self._shut(True)
            else:
                self._note_well()
        elif waited_s >= PATIENCE_S:
            self._note_fault("the writer does not answer")
        return 0

    async def _pulse(self) -> None:
        await self._time.look()  # what is written as believed must not be a step that nobody has seen yet
        await self._store.pulse(self._clock.now(), is_believed=not self._time.doubt)

    def stop(self) -> None:
        super().stop()
        if self._probe is not None:
            self._probe.cancel()

    def _note_well(self) -> None:
        now = self._clock.monotonic()
        if self.fault:
            log.warning("the store takes writes again", fault=self.fault, after_s=round(now - self._well_at))
            self._shut(False)
        self.fault, self.written_at, self._well_at = "", self._clock.now(), now
        self.is_gone = False
        self._metrics.store_up.set(1)

    def _note_fault(self, fault: str, *, is_gone: bool = False) -> None:
        if not self.fault:
            log.error("the store takes no writes", fault=fault)
        self.fault, self.is_gone = fault, is_gone
        self._metrics.store_up.set(0)
        if is_gone or self._clock.monotonic() - self._well_at >= PATIENCE_S:
            self._shut(True)
