"""Times as SMPP writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.smpp import time_format

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("261122120000000+", NOW),
        ("261122140000008+", NOW),
        ("261122100000508-", NOW + timedelta(milliseconds=500)),
        ("000000010000000R", NOW + timedelta(hours=1)),
        ("000002000000000R", NOW + timedelta(days=2)),
        ("", None),
        ("261322120000000+", None),
        ("261122120000000", None),
        ("26112212000000xR", None),
        ("999999999999999+", None),
    ],
)
def test_a_written_time_and_its_moment(written: str, moment: datetime | None) -> None:
    assert time_format.read(written, NOW) == moment


def test_a_moment_and_how_it_is_written() -> None:
    local = datetime(2026, 11, 22, 14, 0, 0, 300_000, timezone(timedelta(hours=2)))
    assert time_format.absolute(local) == "261122120000300+"
    assert time_format.relative(90_061) == "000001010101000R"
    assert time_format.relative(-5) == "000000000000000R"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants naive bounds
def test_a_moment_comes_back_to_the_tenth_of_a_second(moment: datetime) -> None:
    tenth = moment.replace(microsecond=moment.microsecond // 100_000 * 100_000)
    assert time_format.read(time_format.absolute(moment), NOW) == tenth


@given(st.integers(0, 30 * 365 * 86_400))
def test_a_span_comes_back(seconds: int) -> None:
    assert time_format.read(time_format.relative(seconds), NOW) == NOW + timedelta(seconds=seconds)


@given(st.text(max_size=20))
def test_nothing_that_is_written_raises(text: str) -> None:
    time_format.read(text, NOW)
