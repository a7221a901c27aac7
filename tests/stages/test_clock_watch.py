"""Which steps of the clock are noticed, and when what it says is believed again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.stages.maintenance.clock_watch import AGREE_S, AWAY_MS, DOUBT_MS, STEP_MS, ClockReading, ClockWatch
from tests.fakes.clock import NOON

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class Watched:
    """A watch and the two clocks that it sees."""

    def __init__(self, newest_at: int) -> None:
        self.watch = ClockWatch(newest_at)
        self.now, self.monotonic, self.is_synchronised = NOON, 500.0, False

    def look(self, step_ms: int = 0, after_s: float = 1.0, agreed_at: int = 0) -> tuple[int, bool]:
        """Let both clocks run, set one, and look; gives the step that was noticed, and whether there is doubt."""
        self.monotonic += after_s
        self.now += round(after_s * 1000) + step_ms
        reading = ClockReading(self.now, self.monotonic, self.is_synchronised)
        return self.watch.look(reading, agreed_at), self.watch.is_in_doubt


#: at the start: what the store knew as newest, against the clock → the step that is noticed, whether there is doubt
STARTS = {
    "a new store": (0, 0, False),
    "a moment ago": (NOON - 2_000, 0, False),
    "away for a while": (NOON - AWAY_MS // 2, 0, False),
    "away for a day, or set ahead": (NOON - DAY_MS, DAY_MS + 1_000, True),
    "a little behind": (NOON + 6_000, -5_000, False),
    "an hour behind": (NOON + HOUR_MS + 1_000, -HOUR_MS, True),
    "the clock of a board without a battery": (NOON + 1_000 + 50 * 365 * DAY_MS, -50 * 365 * DAY_MS, True),
}


@pytest.mark.parametrize("start", STARTS)
def test_the_first_look_compares_with_the_store(start: str) -> None:
    newest_at, step, doubt = STARTS[start]
    assert Watched(newest_at).look() == (step, doubt)


@pytest.mark.parametrize(
    ("step", "noticed", "doubt"),
    [
        (0, 0, False),
        (STEP_MS - 1, 0, False),
        (1 - STEP_MS, 0, False),
        (STEP_MS, STEP_MS, False),
        (-STEP_MS, -STEP_MS, False),
        (DOUBT_MS - 1, DOUBT_MS - 1, False),
        (DOUBT_MS, DOUBT_MS, True),
        (-DOUBT_MS, -DOUBT_MS, True),
        (40 * DAY_MS, 40 * DAY_MS, True),
        (-40 * DAY_MS, -40 * DAY_MS, True),
    ],
)
def test_steps_against_the_monotonic_clock(step: int, noticed: int, *, doubt: bool) -> None:
    watched = Watched(0)
    watched.look()
    assert watched.look(step) == (noticed, doubt)
    assert watched.look() == (0, doubt)


@pytest.mark.parametrize("step", [40 * DAY_MS, -HOUR_MS])
@pytest.mark.parametrize(
    "reading",
    ["the kernel", "an operator", "an hour", "it is back", "an operator, before", "by another clock"],
)
def test_a_second_reading_ends_the_doubt(step: int, reading: str) -> None:
    watched = Watched(0)
    watched.look()
    assert watched.look(step)[1]
    stepped_at = watched.now
    match reading:
        case "the kernel":
            watched.is_synchronised = True
            assert not watched.look()[1]
        case "an operator":
            assert not watched.look(agreed_at=stepped_at + 500)[1]
        case "an operator, before":
            assert watched.look(agreed_at=stepped_at - 1)[1]
        case "by another clock":  # a word from before it was set back
            assert watched.look(agreed_at=stepped_at + 2 * HOUR_MS)[1]
        case "an hour":
            assert watched.look(after_s=AGREE_S - 1)[1]
            assert not watched.look(after_s=1)[1]
        case _:
            assert watched.look(-step) == (-step, False)
    assert watched.watch.off_ms == (step if watched.watch.is_in_doubt else 0)


def test_a_clock_that_is_set_again_has_to_run_for_another_hour() -> None:
    watched = Watched(0)
    watched.look()
    watched.look(40 * DAY_MS)
    watched.look(after_s=AGREE_S - 1)
    watched.look(DAY_MS)
    assert watched.look(after_s=AGREE_S - 10)[1]
    assert not watched.look(after_s=20)[1]


def test_a_clock_that_was_years_behind_at_the_start_is_believed_once_it_is_right() -> None:
    watched = Watched(NOON + 50 * 365 * DAY_MS)
    assert watched.look()[1]
    assert not watched.look(50 * 365 * DAY_MS)[1]


@given(st.lists(st.integers(1 - STEP_MS, STEP_MS - 1), max_size=50), st.floats(0.1, 1e6))
def test_a_clock_that_is_slewed_is_always_believed(slews: list[int], after_s: float) -> None:
    watched = Watched(NOON)
    assert watched.look() == (0, False)
    assert [watched.look(slew, after_s) for slew in slews] == [(0, False)] * len(slews)


@given(st.lists(st.integers(-50 * DAY_MS, 50 * DAY_MS), max_size=20))
def test_what_is_far_is_never_believed_by_itself_within_an_hour(steps: list[int]) -> None:
    watched = Watched(NOON)
    watched.look()
    off = 0
    for step in steps:
        off += step
        _, doubt = watched.look(step)
        if abs(off) < DOUBT_MS:
            off = 0  # it is what is believed now
        assert doubt is (off != 0)
