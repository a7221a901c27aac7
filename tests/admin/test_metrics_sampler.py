"""The sampler: one look a second for everybody, and a day that a restart does not forget."""

from __future__ import annotations

import asyncio

from tests.fakes.clock import NOON, FakeClock

from aldis.admin.metrics_sampler import HOUR_S, MetricsSampler
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics


def a_sampler(store: Store, clock: FakeClock, metrics: Metrics | None = None) -> MetricsSampler:
    errors = {"link": ("lost: the peer closed the connection", NOON)}
    return MetricsSampler(
        store.metrics, metrics or Metrics(), clock, lambda: {"link": ["bound"]}, lambda: errors
    )


async def test_rates_are_counted_by_the_second(store: Store, clock: FakeClock) -> None:
    metrics = Metrics()
    sampler = a_sampler(store, clock, metrics)
    await sampler.step()
    for _ in range(5):
        metrics.accepted.labels("genesys").inc(20)
        metrics.receipts.labels("link", "delivered").inc(3)
        metrics.receipts.labels("link", "expired").inc(1)
        metrics.backlog.labels("link", 1).set(11)
        metrics.backlog.labels("link", 3).set(2)
        clock.advance(2)
        await sampler.step()
    now = sampler.now
    assert (now.sample.accepted, now.sample.queued, now.delivered_share) == (10.0, 13, 0.75)
    assert list(now.queued.items()) == [(3, 2), (1, 11)]
    assert [(link.name, link.binds, link.last_error_at) for link in now.links] == [("link", ["bound"], NOON)]
    assert len(sampler.hour()) == 6
    assert '"delivered_share":0.75' in sampler.now_as_json()
    assert sampler.now_as_json() is sampler.now_as_json()


async def test_an_hour_of_seconds_and_a_day_of_minutes_that_outlive_a_restart(
    store: Store, clock: FakeClock
) -> None:
    metrics = Metrics()
    sampler = a_sampler(store, clock, metrics)
    for _ in range(HOUR_S + 125):
        metrics.accepted.labels("genesys").inc(2)
        clock.advance(1)
        await sampler.step()
    assert len(sampler.hour()) == HOUR_S
    assert len(sampler.day()) == 62
    assert {minute.at % 60 for minute in sampler.day()} == {0}
    assert {minute.accepted for minute in sampler.day()[1:]} == {2.0}
    after = a_sampler(store, clock)
    await after.recall()
    assert after.day() == sampler.day()
    clock.advance(86_400)
    much_later = a_sampler(store, clock)
    await much_later.recall()
    assert much_later.day() == []


async def test_everybody_who_waits_hears_of_the_next_sample(store: Store, clock: FakeClock) -> None:
    sampler = a_sampler(store, clock)
    waiting = [asyncio.create_task(sampler.news()) for _ in range(3)]
    await asyncio.sleep(0)
    await sampler.step()
    await asyncio.gather(*waiting)
    last = asyncio.create_task(sampler.news())
    await asyncio.sleep(0)
    assert not last.done()
    sampler.stop()
    await last
