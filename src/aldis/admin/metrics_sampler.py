"""The sampler: looks at the counters once a second, for everybody who watches; an hour by second and a day by
minute stay in memory, and the minutes in the store, so that a restart keeps the day. Where several gateways
share a store, what the others did in their last second is added; each keeps its own minutes in the store, and
reads those of the others. So second, hour and day are those of all.

Costs the same whether nobody watches or fifty do, and nothing for each message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from math import inf
from operator import attrgetter

import msgspec

from aldis.admin.metrics_snapshot import (
    LinkNow,
    Reading,
    Sample,
    between,
    delivered_share,
    links_between,
    mean,
    of_others,
    read,
    together,
)
from aldis.clock import Clock
from aldis.stages.agent import Agent
from aldis.store.contract.metrics import MetricsStore
from aldis.telemetry import Metrics

PERIOD_S = 1.0
HOUR_S, DAY_S, MINUTE_S = 3600, 86_400, 60
#: so long after its end a minute is read again, with what other gateways have kept of it and of some before
GATHER_S, GATHERED = 5, 3
#: over how long the share of what was delivered is told
SHARE_S = 300
_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Sample)


class Now(msgspec.Struct, frozen=True):
    """How the gateway stands."""

    sample: Sample
    #: of the receipts of the last five minutes, which part said `delivered`; None without any
    delivered_share: float | None
    #: queued messages by priority, the most urgent first
    queued: dict[int, int]
    links: list[LinkNow]


class MetricsSampler(Agent):
    """Samples while the gateway runs."""

    def __init__(
        self,
        store: MetricsStore,
        metrics: Metrics,
        clock: Clock,
        binds: Callable[[], dict[str, list[str]]],
        errors: Callable[[], dict[str, tuple[str, int]]],
        others: Callable[[], Iterable[Mapping[str, float]]] = tuple,
    ) -> None:
        """`binds`: link → how each of its binds stands; `errors`: link → why one was last not bound, and
        when; `others`: what each other gateway on the data did in its last second.
        """
        super().__init__("sampler", PERIOD_S)
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._binds = binds
        self._errors = errors
        self._others = others
        self._last: tuple[Reading, float] | None = None
        self._seconds: deque[Sample] = deque(maxlen=HOUR_S)
        #: of all gateways, by when they began
        self._minutes: dict[int, Sample] = {}
        #: when the last ones are to be read again (Unix seconds)
        self._gather_at = inf
        self._this_minute: list[Sample] = []
        self.now = Now(Sample(clock.now() // 1000), None, {}, [])
        self._written: tuple[Now, str] | None = None
        self._news = asyncio.Event()

    async def recall(self) -> None:
        """Read the day's minutes that earlier processes and other gateways kept."""
        await self._gather(self._clock.now() // 1000 - DAY_S)

    async def _gather(self, since: int) -> None:
        """Read what all have kept of the minutes since an instant (Unix seconds)."""
        kept = map(_DECODER.decode, await self._store.minutes(since))
        for at, of_all in groupby(kept, attrgetter("at")):
            self._minutes[at] = together(of_all)
        self._minutes = dict(sorted(self._minutes.items())[-DAY_S // MINUTE_S :])

    def stop(self) -> None:
        """End `run`, and the waiting for news."""
        super().stop()
        self._news.set()

    async def news(self) -> None:
        """Wait for the next sample."""
        await self._news.wait()

    async def step(self) -> int:
        """Take one sample; returns 0, so that the loop waits for the next second."""
        reading, at = read(self._metrics.registry.collect()), self._clock.monotonic()
        before, then = self._last or (reading, at - PERIOD_S)
        self._last = (reading, at)
        second = self._clock.now() // 1000
        sample = between(before, reading, at - then, second)
        is_over = self._this_minute and second // MINUTE_S != self._this_minute[0].at // MINUTE_S
        finished = self._end_minute() if is_over else None
        of_all = together([*(of_others(second, rates) for rates in self._others()), sample])
        self._seconds.append(of_all)
        self._this_minute.append(sample)
        self.now = self._stand(before, reading, at - then, of_all)
        told, self._news = self._news, asyncio.Event()
        told.set()
        if finished is not None:
            self._gather_at = second + GATHER_S
            await self._store.keep_minute(finished.at, _ENCODER.encode(finished), finished.at - DAY_S)
        if second >= self._gather_at:
            self._gather_at = inf
            await self._gather(second - GATHERED * MINUTE_S)
        return 0

    def now_as_json(self) -> str:
        """Give how the gateway stands, written once for all viewers."""
        if self._written is None or self._written[0] is not self.now:
            self._written = (self.now, msgspec.json.encode(self.now).decode())
        return self._written[1]

    def hour(self) -> list[Sample]:
        """Give the last hour's seconds, oldest first."""
        return list(self._seconds)

    def day(self) -> list[Sample]:
        """Give the last day's minutes, oldest first."""
        return list(self._minutes.values())

    def _end_minute(self) -> Sample:
        many, self._this_minute = self._this_minute, []
        finished = mean(many, many[0].at // MINUTE_S * MINUTE_S)
        self._minutes[finished.at] = finished
        return finished

    def _stand(self, before: Reading, reading: Reading, seconds: float, sample: Sample) -> Now:
        errors = self._errors()
        links = [
            msgspec.structs.replace(link, last_error=error, last_error_at=at)
            for link in links_between(before, reading, seconds, self._binds())
            for error, at in (errors.get(link.name, ("", 0)),)
        ]
        queued: dict[int, int] = {}
        for link in links:
            for priority, count in link.queued.items():
                queued[priority] = queued.get(priority, 0) + count
        lately = list(self._seconds)[-SHARE_S:]
        return Now(sample, delivered_share(lately), dict(sorted(queued.items(), reverse=True)), links)
