"""The store's time is the server's, whatever the machine's clock says, and does not jump for nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.clock import SystemClock, as_millis
from aldis.store.postgresql.engine.opening import Engine
from aldis.store.postgresql.engine.server_clock import HELD_MS, ServerClock, look_at_server
from tests.fakes.clock import NOON, FakeClock


def look(clock: ServerClock, local: FakeClock, server_ms: int, there_s: float = 0, back_s: float = 0) -> None:
    """Ask a server whose clock shows an instant after a time there, and before a time back."""
    asked_at = local.monotonic()
    local.advance(there_s + back_s)
    clock.hear(server_ms, asked_at, local.monotonic())


@pytest.mark.parametrize("off_ms", [0, 5_000, -5_000, 86_400_000])
def test_it_tells_what_the_server_says_and_counts_on(off_ms: int) -> None:
    local = FakeClock()
    clock = ServerClock(local)
    look(clock, local, NOON + off_ms)
    assert abs(clock.now() - NOON - off_ms) <= 1
    local.step(-3_600)  # somebody sets the machine's clock
    local.advance(10)
    assert abs(clock.now() - NOON - off_ms - 10_000) <= 1
    assert clock.is_synchronised() is False


@given(st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 60)), min_size=1, max_size=20))
def test_a_slow_answer_never_makes_it_worse_and_it_never_goes_back(
    looks: list[tuple[float, float, float]],
) -> None:
    local = FakeClock()
    clock = ServerClock(local)
    look(clock, local, NOON + 7_000)
    begin, latest = local.monotonic(), clock.now()

    def server(extra_s: float = 0) -> int:
        return int(NOON + 7_000 + (local.monotonic() + extra_s - begin) * 1000)

    for there_s, back_s, pause_s in looks:
        look(clock, local, server(there_s), there_s, back_s)
        assert abs(clock.now() - server()) <= 2
        assert clock.now() >= latest
        latest = clock.now()
        local.advance(pause_s)


@pytest.mark.parametrize(("back_ms", "stands"), [(HELD_MS - 1, True), (HELD_MS + 1, False)])
def test_a_small_correction_lets_it_stand_and_a_large_one_is_told(back_ms: int, *, stands: bool) -> None:
    local = FakeClock()
    clock = ServerClock(local)
    before = clock.now()
    look(clock, local, before - back_ms - 1)
    assert (clock.now() == before) is stands
    local.advance(back_ms / 1000 + 1)
    assert abs(clock.now() - before - 1_000) <= 2


def test_it_is_kept_right_where_both_are() -> None:
    local = FakeClock()
    local.synchronised = True
    clock = ServerClock(local)
    assert clock.is_synchronised()
    look(clock, local, NOON + 2_000)
    assert not clock.is_synchronised()


async def test_a_server_is_asked(engine: Engine) -> None:
    local = FakeClock()
    clock = ServerClock(local)
    await engine.gateway.ask(look_at_server, clock)
    assert abs(clock.now() - as_millis(datetime.now(UTC))) < 10_000
    own = ServerClock(SystemClock())
    await engine.gateway.ask(look_at_server, own)
    assert abs(own.now() - SystemClock().now()) < 1_000
