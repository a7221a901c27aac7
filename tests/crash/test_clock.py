"""The wall clock is set while messages wait, or between two runs: nothing waits for as long as the step,
and nothing expires or is forgotten by a clock that nobody believes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.clock import SystemClock
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60)]

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
COUNT = 20


class SetClock(SystemClock):
    """A clock that somebody sets; nobody keeps it right."""

    offset = 0

    def now(self) -> int:
        return super().now() + self.offset

    def is_synchronised(self) -> bool:
        return False


@pytest.fixture
async def whole(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    # all in one process, because a clock of ours does not reach into another
    made = WholeGateway(tmp_path / "data", customer, more='[store]\nwriter = "thread"\n')
    made.clock = SetClock()
    await made.start()
    yield made
    await made.stop()


def set_clock(whole: WholeGateway, offset_ms: int) -> None:
    assert isinstance(whole.clock, SetClock)
    whole.clock.offset = offset_ms


async def queue(whole: WholeGateway, name: str) -> None:
    """Have messages wait for a carrier that is not there."""
    await whole.stop_carrier()
    while whole.gateway.links_up()["simulator"]:
        await asyncio.sleep(0.01)
    for number in range(COUNT):
        assert await whole.genesys(f"44770090{number:04d}", f"{name}{number}") == "result_code=0"


async def doubt(whole: WholeGateway, wanted: bool) -> None:  # noqa: FBT001 - what is waited for
    """Wait until the clock is in doubt, or no longer."""
    while bool(whole.gateway._time.doubt) is not wanted:
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("step", [-5_000, -HOUR_MS, -400 * DAY_MS])
async def test_what_waits_is_sent_and_told_after_the_clock_was_set_back(
    whole: WholeGateway, customer: FakeCustomer, step: int
) -> None:
    await queue(whole, "m")
    set_clock(whole, step)
    await whole.start_carrier()
    assert (await whole.all_ended(COUNT))["delivered"] == COUNT
    await customer.wait_for(COUNT, "/genesys")


@pytest.mark.parametrize("step", [-5_000, -HOUR_MS])
async def test_what_waits_is_sent_when_the_clock_was_set_back_between_two_runs(
    whole: WholeGateway, customer: FakeCustomer, step: int
) -> None:
    await queue(whole, "m")
    await whole.gateway.stop()
    set_clock(whole, step)
    await whole.start_carrier()
    await whole.start_gateway()
    assert (await whole.all_ended(COUNT))["delivered"] == COUNT
    await customer.wait_for(COUNT, "/genesys")


@pytest.mark.parametrize("between_runs", [False, True])
async def test_nothing_is_forgotten_and_nothing_expires_by_a_clock_that_is_far_ahead(
    whole: WholeGateway, customer: FakeCustomer, *, between_runs: bool
) -> None:
    assert await whole.genesys("447700900001", "ended") == "result_code=0"
    await whole.ended("ended")
    await queue(whole, "m")
    for _ in range(1 + between_runs):  # in doubt, it stays so over another start
        if between_runs:
            await whole.gateway.stop()
        set_clock(whole, 400 * DAY_MS)
        if between_runs:
            await whole.start_gateway()
        await doubt(whole, True)
        for _ in range(3):
            await whole.gateway._maintenance.step()
    assert await whole.gateway.store.metrics.count_by_state() == {"delivered": 1, "queued": COUNT}
    set_clock(whole, 0)
    await doubt(whole, False)
    await whole.start_carrier()
    assert (await whole.all_ended(1 + COUNT))["delivered"] == 1 + COUNT
    await customer.wait_for(1 + COUNT, "/genesys")


async def test_an_operator_says_that_a_clock_that_was_set_is_right(whole: WholeGateway) -> None:
    await queue(whole, "m")
    set_clock(whole, 400 * DAY_MS)
    await doubt(whole, True)
    assert '"clock":{"doubt":"34560000 s ahead"}' in (await whole.get("/health/ready"))[1]
    now = whole.clock.now()
    await whole.gateway.store.time.agree_on_clock(
        now, AuditEntry(now, "ann", "command line", "agree on clock", "clock")
    )
    await doubt(whole, False)
    while (states := await whole.gateway.store.metrics.count_by_state()).get("queued"):
        await asyncio.sleep(0.05)
    assert states in ({"expired": COUNT}, {})  # which are old enough to be forgotten
