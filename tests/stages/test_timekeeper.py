"""A clock that was set back is corrected for, also where the store takes nothing at that moment."""

from __future__ import annotations

import pytest

from aldis.errors import StoreUnavailable
from aldis.stages.maintenance.timekeeper import Timekeeper
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from tests.fakes.clock import NOON, FakeClock
from tests.stages.test_store_monitor import Probed


class Failing(Probed):
    """A store that makes nothing due when it is asked for the first time."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.asked: list[int] = []

    async def make_due(self, limit: int, now: int, longest_wait_ms: int) -> int:
        assert (limit, longest_wait_ms) == (2_000, 360_000)
        self.asked.append(now)
        if len(self.asked) == 1:
            raise StoreUnavailable("SQLite: FullError")
        return 3 - len(self.asked)


async def test_a_correction_that_fails_is_made_later() -> None:
    clock = FakeClock()
    store = Failing(clock)
    time = Timekeeper(store, clock, Metrics(), 360.0)
    await time.look()
    clock.step(-3600)
    with pytest.raises(StoreUnavailable):
        await time.look()
    clock.advance(1)
    await time.look()
    await time.look()
    back = NOON - 3_600_000
    assert store.asked == [back, back + 1_000, back + 1_000]


async def test_doubt_is_counted_and_told(demo_store: Store) -> None:
    clock, metrics = FakeClock(), Metrics()
    time = Timekeeper(demo_store.time, clock, metrics, 360.0)
    seen = []
    for step in (0, 86_400, 0, -86_400, -90):
        clock.step(step)
        clock.advance(1)
        await time.look()
        seen.append((time.doubt, metrics.clock_in_doubt._value.get(), metrics.clock_steps._value.get()))
    assert seen == [
        ("", 0, 0),
        ("86400 s ahead", 1, 1),
        ("86400 s ahead", 1, 1),
        ("", 0, 2),
        ("90 s back", 1, 3),
    ]
