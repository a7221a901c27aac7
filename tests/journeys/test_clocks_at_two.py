"""Two gateways whose machines' clocks are ten seconds apart: the database's time is everybody's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.admin.nodes import Nodes, unequal
from aldis.clock import SystemClock
from aldis.store.contract.search import MessageFilter

pytestmark = pytest.mark.journey

OFF_MS, COUNT = 5_000, 20
#: how far two gateways may be from the database's time, and how long a message takes here at most
SLACK_MS = 2_000


class WrongClock(SystemClock):
    """A machine's clock that nobody keeps right."""

    def __init__(self, off_ms: int) -> None:
        self._off_ms = off_ms

    def now(self) -> int:
        return super().now() + self._off_ms


async def test_what_one_accepts_the_other_sends_at_once_whatever_their_clocks_say(
    database: str, tmp_path: Path, customer: FakeCustomer
) -> None:
    store = f'\n[store]\nurl = "{database}"\n'
    fast = WholeGateway(tmp_path / "fast", customer, more=store)
    slow = WholeGateway(tmp_path / "slow", customer, more=store, beside=fast)
    fast.clock, slow.clock = WrongClock(OFF_MS), WrongClock(-OFF_MS)
    await fast.start()
    await slow.start()
    began = SystemClock().now()
    async with asyncio.timeout(60):
        for gateway in (fast, slow):
            await gateway.up()
        for number in range(COUNT):
            assert await fast.genesys(f"4477009001{number:02}", f"f{number}") == "result_code=0"
            assert await slow.genesys(f"4477009002{number:02}", f"s{number}") == "result_code=0"
        assert await fast.all_ended(2 * COUNT) == {"delivered": 2 * COUNT}
        while len(unequal(await Nodes(fast.gateway.store.nodes).all())) == 0:
            await asyncio.sleep(0.05)
    ended = SystemClock().now()
    page = await fast.gateway.store.search.messages(MessageFilter(), 0, 3 * COUNT)
    assert len(page.found) == 2 * COUNT
    for each in page.found:  # and none waited for a clock to come to its time
        message = each.message
        instants = (message.accepted_at, message.sent_at, message.ended_at)
        assert all(began - SLACK_MS <= at <= ended + SLACK_MS for at in instants)
        assert max(instants) - min(instants) < SLACK_MS
    await slow.stop()
    await fast.stop()
