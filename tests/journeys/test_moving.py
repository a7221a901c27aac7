"""A gateway serves while its store is copied to another engine; the next start goes on where it stopped."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import AuditEntry
from aldis.app.moving import move
from aldis.store.contract.outbox import PostbackFilter

pytestmark = pytest.mark.journey


@pytest.fixture
async def moving(tmp_path: Path, customer: FakeCustomer) -> WholeGateway:
    """A gateway on a file, in the folder that it keeps."""
    return WholeGateway(tmp_path / "data", customer)


async def test_it_goes_on_in_postgresql_and_back_in_a_file(
    database: str, moving: WholeGateway, customer: FakeCustomer
) -> None:
    await moving.start()
    try:
        async with asyncio.timeout(100):
            await moving.up()
            await moving.genesys("447700900001", "m0")
            await moving.ended("m0")
            await moved(moving, "sqlite:///aldis.db", database, 0)
            await moved(moving, database, "sqlite:///back.db", 1)
            states = await moving.all_ended(7)
            assert states == {"delivered": 7}
    finally:
        await moving.stop()
    told = [came.form["message_id"] for came in customer.to("/genesys") if came.form.get("message_id")]
    assert sorted(set(told)) == ["m0", "m0-owed", "m0-waits", "m0-while", "m1-owed", "m1-waits", "m1-while"]
    handsets = [received.text for received in moving.received()]
    assert sorted(handsets) == ["Hello"] * 7


async def moved(whole: WholeGateway, source: str, target: str, number: int) -> None:
    """Move the store while it is served; one postback is owed, one message waits, one comes meanwhile."""
    said: list[str] = []
    whole.customer.answers = [503]
    await whole.genesys("447700900001", f"m{number}-owed")
    await whole.all_ended(1 + number * 3 + 1)
    await whole.stop_carrier()
    await whole.genesys("447700900002", f"m{number}-waits")
    moving = asyncio.create_task(move(source, target, whole.data_dir, said.append))
    while not any(word.startswith("stop the gateway") for word in said):
        assert not moving.done(), moving
        await asyncio.sleep(0.02)
    await whole.genesys("447700900003", f"m{number}-while")
    await whole.gateway.stop()
    done = await moving
    assert done.messages == 1 + number * 3 + 3
    store = msgspec.structs.replace(whole.settings.store, url=target)
    whole.settings = msgspec.structs.replace(whole.settings, store=store)
    await whole.start_carrier()
    await whole.start_gateway()
    entry = AuditEntry(whole.clock.now(), "test", "test", "try now", "")
    await whole.gateway.store.outbox.try_now(PostbackFilter(), 10, whole.clock.now(), entry)
    await whole.all_ended(1 + number * 3 + 3)
    for name in ("owed", "waits", "while"):
        await whole.ended(f"m{number}-{name}")
