"""What waits in the store, as a gauge of each gateway."""

from __future__ import annotations

from aldis.clock import Clock
from aldis.stages.agent import Agent
from aldis.store.contract.metrics import MetricsStore
from aldis.telemetry import Metrics

#: how old the gauge may be
COUNT_S = 5.0
PERIOD_S = 1.0


class BacklogGauge(Agent):
    """Sets the gauges that are read from the store."""

    def __init__(self, store: MetricsStore, metrics: Metrics, clock: Clock) -> None:
        super().__init__("backlog gauge", PERIOD_S)
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._count_at = 0.0
        #: links and priorities that ever had a backlog, so that an empty one shows as 0
        self._waited: set[tuple[str, int]] = set()

    async def step(self) -> int:
        """Set them; returns 0. To count a million takes a thread tens of milliseconds, so not each time."""
        self._metrics.commits.set(self._store.commits)
        if self._clock.monotonic() < self._count_at:
            return 0
        self._count_at = self._clock.monotonic() + COUNT_S
        waiting = await self._store.backlog()
        counts = {(link, at): n for link, each in waiting.queued.items() for at, n in each.items()}
        self._waited |= counts.keys()
        for link, priority in self._waited:
            self._metrics.backlog.labels(link, priority).set(counts.get((link, priority), 0))
        self._metrics.postbacks_pending.set(waiting.postbacks)
        return 0
