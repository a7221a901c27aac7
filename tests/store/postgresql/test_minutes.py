"""Each gateway keeps its own minutes, and shows the day of all."""

from __future__ import annotations

from aldis.admin.metrics_sampler import GATHER_S, MetricsSampler
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from tests.fakes.clock import FakeClock


async def test_the_day_is_that_of_all_gateways(both: list[Store]) -> None:
    clock, metrics = FakeClock(), [Metrics(), Metrics()]
    samplers = [
        MetricsSampler(store.metrics, counted, clock, dict, dict)
        for store, counted in zip(both, metrics, strict=True)
    ]
    for _ in range(180 + GATHER_S + 1):
        for number, sampler in enumerate(samplers):
            metrics[number].accepted.labels("genesys").inc(number + 1)
            metrics[number].backlog.labels("link", 1).set(7)
            await sampler.step()
        clock.advance(1)
    first, second = (sampler.day() for sampler in samplers)
    assert first == second
    assert [(minute.accepted, minute.queued) for minute in first[1:]] == [(3.0, 7), (3.0, 7)]
    anew = MetricsSampler(both[0].metrics, Metrics(), clock, dict, dict)
    await anew.recall()
    assert anew.day() == first
