"""What the counters say, in memory and as /metrics writes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from aldis.admin.metrics_snapshot import (
    LinkReading,
    Reading,
    Sample,
    between,
    delivered_share,
    links_between,
    mean,
    read,
)
from aldis.telemetry import Metrics

NOW = 1_795_000_000.0


def test_a_link_that_is_slow_or_throttled_says_by_what_and_when() -> None:
    metrics = Metrics()
    metrics.link_rate.labels("link").set(5)
    metrics.link_late_at.labels("link").set(NOW - 7200)
    for answer, at in (("ESME_RMSGQFUL", NOW - 600), ("ESME_RTHROTTLED", NOW - 3)):
        metrics.link_throttled_at.labels("link", answer).set(at)
    link = read(metrics.registry.collect()).links["link"]
    assert link.notes(NOW) == [
        "throttled to 5 a second by ESME_RTHROTTLED, 3 s ago",
        "answers came after response_s, 2 h ago",
    ]
    link.slowed_to = 0
    assert link.notes(NOW + 600)[0] == "last throttled by ESME_RTHROTTLED, 10 min ago"


def busy() -> Metrics:
    """Counters of a gateway that has done something of everything."""
    metrics = Metrics()
    metrics.accepted.labels("genesys").inc(3)
    metrics.accepted.labels("skycore").inc(4)
    metrics.refused.labels("genesys", "rate").inc(2)
    metrics.inbound.labels("told").inc()
    metrics.submitted.labels("link", "accepted").inc(6)
    metrics.submitted.labels("link", "deferred").inc(5)
    for state, count in (("delivered", 4), ("expired", 1), ("enroute", 9)):
        metrics.receipts.labels("link", state).inc(count)
    metrics.postbacks.labels("genesys", "done").inc(2)
    metrics.postbacks.labels("genesys", "failed").inc(1)
    metrics.link_up.labels("link").set(1)
    metrics.link_in_flight.labels("link").set(7)
    metrics.link_window.labels("link").set(100)
    metrics.link_limit.labels("link").set(50)
    metrics.link_rate.labels("link").set(12.5)
    metrics.backlog.labels("link", 3).set(1)
    metrics.backlog.labels("link", 1).set(8)
    metrics.postbacks_pending.set(4)
    return metrics


EXPECTED = Reading(
    accepted=7,
    refused=2,
    inbound=1,
    delivered=4,
    undelivered=1,
    told=2,
    untold=1,
    pending=4,
    links={
        "link": LinkReading(
            is_up=True,
            taken=6,
            not_taken=5,
            in_flight=7,
            window=100,
            limit=50,
            slowed_to=12.5,
            queued={3: 1, 1: 8},
        )
    },
)


def test_memory_and_the_page_of_metrics_say_the_same() -> None:
    metrics = busy()
    assert read(metrics.registry.collect()) == EXPECTED
    assert read(text_string_to_metric_families(metrics.exposition().decode())) == EXPECTED


def test_what_lies_between_two_looks() -> None:
    sample = between(Reading(), EXPECTED, 2.0, 99)
    assert (sample.at, sample.accepted, sample.sent, sample.inbound) == (99, 3.5, 3.0, 0.5)
    assert (sample.delivered, sample.undelivered, sample.told) == (2.0, 0.5, 1.0)
    assert (sample.queued, sample.pending) == (9, 4)
    down, link = links_between(Reading(), EXPECTED, 2.0, {"link": ["bound"], "another": ["connecting"]})
    assert (down.name, down.is_up, down.window) == ("another", False, 0)
    assert (link.per_s, link.not_taken_per_s, link.waiting, list(link.queued)) == (3.0, 2.5, 9, [3, 1])


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e4))
def test_no_rate_is_below_zero_also_after_a_new_start(before: float, after: float, seconds: float) -> None:
    sample = between(Reading(accepted=before), Reading(accepted=after), seconds, 0)
    assert sample.accepted >= 0


@given(
    st.lists(
        st.builds(Sample, st.just(0), *[st.floats(0, 1e6)] * 6, *[st.integers(0, 10**6)] * 2), min_size=1
    )
)
def test_a_minute_is_the_mean_of_its_seconds_and_stands_as_the_last(samples: list[Sample]) -> None:
    minute = mean(samples, 60)
    assert (minute.at, minute.queued, minute.pending) == (60, samples[-1].queued, samples[-1].pending)
    assert (
        min(each.sent for each in samples) - 0.01 <= minute.sent <= max(each.sent for each in samples) + 0.01
    )
    share = delivered_share(samples)
    assert share is None or 0 <= share <= 1
