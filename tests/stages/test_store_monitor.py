"""What the store's probes lead to: a fault is told while it lasts, and requests are refused once it has lasted."""

from __future__ import annotations

import asyncio

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.errors import GatewayError, LeaseLost, StoreGone, StoreUnavailable
from aldis.stages.maintenance.store_monitor import PATIENCE_S, StoreMonitor
from aldis.stages.maintenance.timekeeper import Timekeeper
from aldis.telemetry import Metrics
from tests.fakes.clock import FakeClock

FULL = StoreUnavailable("SQLite: FullError")
GONE = StoreGone("the file of the store has been moved or removed")
REPLACED = LeaseLost("another process writes to the store as this node")


class Probed:
    """A store whose writes go as a test says: an exception, None for one that is taken."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.outcomes: list[GatewayError | None] = []
        self.answers = asyncio.Event()

    async def newest_instant(self) -> int:
        return 0

    async def clock_agreed_at(self) -> int:
        return 0

    async def agree_on_clock(self, now: int, entry: AuditEntry) -> None: ...

    async def make_due(self, limit: int, now: int, longest_wait_ms: int) -> int:
        return 0

    async def pulse(self, now: int, *, is_believed: bool) -> None:
        """Take it, in the time that half of what is waited for takes."""
        self._clock.advance(PATIENCE_S / 2)
        if not self.outcomes:
            self._clock.advance(PATIENCE_S)
            await self.answers.wait()
            return
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome


def a_monitor(probed: Probed, clock: FakeClock, metrics: Metrics, told: list[bool]) -> StoreMonitor:
    return StoreMonitor(probed, Timekeeper(probed, clock, metrics, 360.0), metrics, told.append)


@pytest.mark.parametrize(
    ("outcomes", "faults", "shut"),
    [
        ([None, None], ["", ""], []),
        ([FULL], [str(FULL)], []),
        ([FULL, None], [str(FULL), ""], [False]),
        ([FULL, FULL, FULL], [str(FULL)] * 3, [True, True]),
        ([GONE, None], [str(GONE), ""], [True, False]),  # not a request more is lost
        ([None, REPLACED], ["", str(REPLACED)], [True]),
        ([FULL, FULL, None, FULL], [str(FULL), str(FULL), "", str(FULL)], [True, False]),
    ],
)
async def test_what_probes_lead_to(
    outcomes: list[GatewayError | None], faults: list[str], shut: list[bool]
) -> None:
    clock, told, metrics = FakeClock(), list[bool](), Metrics()
    probed = Probed(clock)
    probed.outcomes = list(outcomes)
    monitor, seen = a_monitor(probed, clock, metrics, told), []
    for fault in faults:
        await monitor.step()
        seen.append(monitor.fault)
        assert metrics.store_up._value.get() == (not fault)
    assert (seen, told) == (faults, shut)


async def test_a_probe_without_an_answer_is_a_fault_until_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aldis.stages.maintenance.store_monitor.PROBE_S", 0.01)
    clock, told = FakeClock(), list[bool]()
    probed = Probed(clock)
    monitor = a_monitor(probed, clock, Metrics(), told)
    await monitor.step()
    assert (monitor.fault, told, monitor.written_at) == ("the writer does not answer", [True], 0)
    probed.answers.set()
    await monitor.step()
    assert (monitor.fault, told, monitor.written_at) == ("", [True, False], clock.now())
