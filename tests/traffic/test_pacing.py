"""The token bucket, with time as an argument."""

from __future__ import annotations

import pytest

from aldis.traffic.pacing import TokenBucket


def test_so_many_at_once_and_then_so_many_a_second() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=3, now=0.0)
    assert [bucket.take(1, 0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait_s(0.0) == pytest.approx(0.1)
    assert bucket.take(1, 0.1)
    assert not bucket.take(1, 0.15)


def test_over_a_long_time_the_rate_is_kept() -> None:
    bucket = TokenBucket(rate_per_s=25, burst=5, now=0.0)
    taken = sum(bucket.take(1, tick / 1000) for tick in range(10_000))
    assert 250 <= taken <= 255


def test_one_large_taker_passes_and_pays() -> None:
    bucket = TokenBucket(rate_per_s=1, burst=1, now=0.0)
    assert bucket.take(5, 0.0)
    assert not bucket.take(1, 4.9)
    assert bucket.take(1, 5.0)
