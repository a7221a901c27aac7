"""Two gateways on one database post side by side; when one is killed the other posts what was its."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest
from tests.crash.world import Child
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

pytestmark = pytest.mark.journey

EACH = 24


def told(customer: FakeCustomer) -> Counter[str]:
    """Count what the customer heard, by message."""
    return Counter(came.form["message_id"] for came in customer.came)


async def all_told(whole: WholeGateway, names: list[str]) -> None:
    """Wait until the customer has heard of each, and nothing is pending."""
    while set(names) - told(whole.customer).keys() or await whole.gateway.store.outbox.lanes(1):
        await asyncio.sleep(0.02)


async def holders(whole: WholeGateway) -> list[int]:
    """Count the slots of postbacks that each gateway has."""
    held = await whole.gateway.store.nodes.held()
    return sorted(
        count
        for resources in held.values()
        if (count := sum(each.startswith("postbacks/") for each in resources))
    )


async def send(whole: WholeGateway, names: list[str]) -> None:
    for name in names:
        assert await whole.genesys("447700900001", name) == "result_code=0"


async def test_each_posts_its_share_once_and_a_killed_ones_is_posted_by_the_other(
    database: str, tmp_path: Path, customer: FakeCustomer
) -> None:
    store = f'\n[store]\nurl = "{database}"\n'
    whole = WholeGateway(tmp_path / "one", customer, more=store)
    await whole.start()
    (tmp_path / "two").mkdir()
    other = Child(tmp_path / "two", whole, store)
    try:
        async with asyncio.timeout(100):
            await other.start()
            while await holders(whole) != [4, 4]:
                await asyncio.sleep(0.05)
            first = [f"a{number}" for number in range(EACH)]
            await send(whole, first)
            await all_told(whole, first)
            assert told(customer) == dict.fromkeys(first, 1)
            await other.end(signal.SIGKILL)
            second = [f"b{number}" for number in range(EACH)]
            await send(whole, second)
            await all_told(whole, second)
            assert told(customer) == dict.fromkeys(first + second, 1)
            assert await holders(whole) == [8]
    finally:
        await other.stop()
        await whole.stop()
