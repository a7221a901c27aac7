"""A whole gateway over PostgreSQL: accept, submit, receipts, postbacks, STOP, and a new start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.postgresql import PostgresServer
from tests.fakes.whole import WholeGateway
from tests.journeys.test_whole_way import SUMO, skycore

pytestmark = pytest.mark.journey

HANDSET = "14805550103"


@pytest.mark.parametrize("is_added_to", [False, True])
async def test_the_whole_way_over_postgresql(
    database: str, postgres: PostgresServer, tmp_path: Path, customer: FakeCustomer, *, is_added_to: bool
) -> None:
    """Also while the gateway of a later version adds to the schema."""
    whole = WholeGateway(tmp_path / "data", customer, more=f'\n[store]\nurl = "{database}"\n')
    await whole.start()
    try:
        async with asyncio.timeout(100):
            if is_added_to:
                await postgres.add_to_all_tables(database)
            await from_every_door(whole)
            await whole.gateway.stop()
            await whole.start_gateway()
            assert await whole.genesys("447700900002", "m2") == "result_code=0"
            assert (await whole.ended("m2")).message.state == "delivered"
            assert await whole.all_ended(5) == {"delivered": 5}
            await stopped(whole)
    finally:
        await whole.stop()


async def from_every_door(whole: WholeGateway) -> None:
    """One message from each dialect arrives, and each customer hears of it."""
    body = msgspec.json.encode({"message": "Hi", "recipients": [{"msisdn": 4512345601}]})
    answers = [
        await whole.get("/api/sumopost/post", **SUMO, mobile="4805550101", msg="Hi"),
        await whole.post("/v2/mtsms?token=demo-mavorion", body, "application/json"),
        await whole.post("/API/wxml/1.3/index.php", {"xml": skycore("Hi", "14805550102").decode()}),
    ]
    assert [status for status, _ in answers] == [200] * 3
    assert await whole.genesys("447700900001", "m1") == "result_code=0"
    assert await whole.all_ended(4) == {"delivered": 4}
    assert whole.handset("14805550101") == whole.handset("4512345601") == ["Hi"]
    (told,) = await whole.customer.wait_for(1, "/sumotext")
    assert "mtcode=4&mtdescription=Delivered+to+handset" in told.query


async def stopped(whole: WholeGateway) -> None:
    """Who writes STOP hears so, and gets nothing from that sender any more."""
    whole.simulator.memory.write(HANDSET, "60856", "STOP")
    while not whole.handset(HANDSET):
        await asyncio.sleep(0.01)
    _, answer = await whole.post("/API/wxml/1.3/index.php", {"xml": skycore("Hi", HANDSET).decode()})
    assert "<ERRORCODE>E114</ERRORCODE>" in answer
