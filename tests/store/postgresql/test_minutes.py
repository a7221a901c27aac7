"""Each gateway keeps its own minutes, and shows the day of all."""

from __future__ import annotations

from aldis.admin.metrics_sampler import GATHER_S, MetricsSampler
from aldis.admin.metrics_snapshot import RateMeter
from aldis.store.contract.nodes import NodeStatus
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


async def test_the_second_is_that_of_all_gateways(both: list[Store]) -> None:
    clock, counted = FakeClock(), [Metrics(), Metrics()]
    meters = [RateMeter(each, clock.monotonic) for each in counted]
    told: list[dict[str, float]] = []
    samplers = [
        MetricsSampler(store.metrics, each, clock, dict, dict, others)
        for store, each, others in zip(both, counted, (lambda: told[1:], lambda: told[:1]), strict=True)
    ]
    told[:] = [meter.rates() for meter in meters]
    for sampler in samplers:
        await sampler.step()
    for number, each in enumerate(counted):
        each.accepted.labels("genesys").inc(10 * (number + 1))
        each.backlog.labels("link", 1).set(7)
    clock.advance(2)
    told[:] = [meter.rates() for meter in meters]
    for sampler in samplers:
        await sampler.step()
        assert (sampler.now.sample.accepted, sampler.now.sample.queued) == (15.0, 7)
        assert sampler.hour()[-1] == sampler.now.sample
    status = NodeStatus(name="one", holder="one 1", version="1.0", started_at=0, clock_at=0, rates=told[0])
    await both[0].nodes.say(status)
    (view,) = await both[1].nodes.all()
    assert view.rates == told[0]
