"""STOP comes to one gateway, and what was accepted for that person is another's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway
from tests.journeys.test_whole_way import skycore

pytestmark = pytest.mark.journey

HANDSET = "14805550103"
COUNT = 5


async def test_a_stop_at_one_gateway_binds_the_other(
    database: str, tmp_path: Path, customer: FakeCustomer
) -> None:
    store = f'\n[store]\nurl = "{database}"\n'
    one, two = (
        WholeGateway(tmp_path / name, customer, link="tps = 1", more=store) for name in ("one", "two")
    )
    await one.start()
    await two.start()
    async with asyncio.timeout(100):
        for gateway in (one, two):
            await gateway.up()
        for number in range(COUNT):
            await one.post("/API/wxml/1.3/index.php", {"xml": skycore(f"Hi {number}", HANDSET).decode()})
        while not shown(one, two):
            await asyncio.sleep(0.01)
        two.simulator.memory.write(HANDSET, "60856", "STOP")
        states = await one.all_ended(COUNT + 1)
        # one a second, and the answer: what was not on its way by then never is
        assert states["deleted"] >= COUNT - 3
        texts = shown(one, two)
        assert len([text for text in texts if text.startswith("Hi")]) == COUNT - states["deleted"]
        assert len(texts) == states["delivered"]
    await two.stop()
    await one.stop()


def shown(*gateways: WholeGateway) -> list[str]:
    return [text for each in gateways for text in each.handset(HANDSET)]
