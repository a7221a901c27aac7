"""Who fails waits twice as long each time, and is pardoned in the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts import lock_out
from aldis.accounts.lock_out import FIRST_WAIT_S, FORGET_S, FREE_TRIES, LONGEST_WAIT_S, LockOut, PauseRules


@given(st.lists(st.floats(0, 2000), max_size=30))
def test_waiting_never_gets_shorter_by_failing(pauses: list[float]) -> None:
    made, now, last = LockOut(PauseRules()), 0.0, 0.0
    for pause in pauses:
        now += pause
        made.failed(("name a",), now)
        wait = made.wait_s(("name a",), now)
        assert last - 0.001 <= wait <= LONGEST_WAIT_S + 0.001
        last = wait
    made.succeeded(("name a",))
    assert made.wait_s(("name a", "address b"), now) == 0


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (LockOut(PauseRules()), [0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]),
        (LockOut(PauseRules(free_tries=1)), [2, 4, 8]),
        (LockOut(PauseRules(free_tries=5, longest_wait_s=3)), [0, 0, 0, 0, 2, 3, 3]),
    ],
)
def test_how_long_each_failure_makes_one_wait(made: LockOut, expected: list[float]) -> None:
    waits = []
    for _ in expected:
        made.failed(("a",), 100.0)
        waits.append(made.wait_s(("b", "a"), 100.0))
    assert waits == expected


def test_failures_are_forgotten_an_hour_after_the_wait() -> None:
    made = LockOut(PauseRules())
    for _ in range(FREE_TRIES):
        made.failed(("a",), 0.0)
    assert made.failures("a", FIRST_WAIT_S + FORGET_S - 1) == FREE_TRIES
    assert made.failures("a", FIRST_WAIT_S + FORGET_S) == 0
    made.failed(("a",), FIRST_WAIT_S + FORGET_S)
    assert made.wait_s(("a",), FIRST_WAIT_S + FORGET_S) == 0


def test_the_ones_that_failed_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_out, "MOST_REMEMBERED", 10)
    made = LockOut(PauseRules())
    for number in range(100):
        made.failed(("often", f"once {number}"), 0.0)
    assert made.failures("often", 0.0) == 100
    assert [made.failures(f"once {number}", 0.0) for number in (0, 90, 91, 99)] == [0, 0, 1, 1]
