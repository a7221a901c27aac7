"""What the store's probes lead to: a fault is told while it lasts, and requests are refused once it has lasted."""

from __future__ import annotations

import asyncio

import pytest

from aldis.errors import StoreUnavailable
from aldis.stages.maintenance.store_monitor import PATIENCE_S, StoreMonitor
from aldis.telemetry import Metrics
from tests.fakes.clock import FakeClock

FULL = StoreUnavailable("SQLite: FullError")


class Probed:
    """A store whose writes go as a test says: an exception, None for one that is taken."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.outcomes: list[StoreUnavailable | None] = []
        self.answers = asyncio.Event()

    async def pulse(self, _now: int) -> None:
        """Take it, in the time that half of what is waited for takes."""
        self._clock.advance(PATIENCE_S / 2)
        if not self.outcomes:
            self._clock.advance(PATIENCE_S)
            await self.answers.wait()
            return
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome


@pytest.mark.parametrize(
    ("outcomes", "faults", "shut"),
    [
        ([None, None], ["", ""], []),
        ([FULL], [str(FULL)], []),
        ([FULL, None], [str(FULL), ""], [False]),
        ([FULL, FULL, FULL], [str(FULL)] * 3, [True, True]),
        ([FULL, FULL, None, FULL], [str(FULL), str(FULL), "", str(FULL)], [True, False]),
    ],
)
async def test_what_probes_lead_to(
    outcomes: list[StoreUnavailable | None], faults: list[str], shut: list[bool]
) -> None:
    clock, told, metrics = FakeClock(), list[bool](), Metrics()
    probed = Probed(clock)
    probed.outcomes = list(outcomes)
    monitor, seen = StoreMonitor(probed, clock, metrics, told.append), []
    for fault in faults:
        await monitor.step()
        seen.append(monitor.fault)
        assert metrics.store_up._value.get() == (not fault)
    assert (seen, told) == (faults, shut)


async def test_a_probe_without_an_answer_is_a_fault_until_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aldis.stages.maintenance.store_monitor.PROBE_S", 0.01)
    clock, told = FakeClock(), list[bool]()
    probed = Probed(clock)
    monitor = StoreMonitor(probed, clock, Metrics(), told.append)
    await monitor.step()
    assert (monitor.fault, told, monitor.written_at) == ("the writer does not answer", [True], 0)
    probed.answers.set()
    await monitor.step()
    assert (monitor.fault, told, monitor.written_at) == ("", [True, False], clock.now())
