"""The writer's process as a poster: it knows whom to tell as soon as anything is due to them."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.backends import a_runner, apply
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.customer import FakeCustomer
from tests.store.building import NOW, a_message, settle_sent
from tests.store.conftest import DIRECTORY

from aldis.stages.postbacks.settings import PostbackSettings
from aldis.store.contract.store import Store
from aldis.store.sqlite.store import open_sqlite
from aldis.traffic.postback import Notify
from aldis.traffic.receipt import Receipt, ReceiptState

pytestmark = pytest.mark.slow

SETTINGS = msgspec.msgpack.encode(PostbackSettings())
#: the first account that is made after those of the directory
LATE = 3
NUMBERS = itertools.count(1)


def hears_at(name: str, customer: FakeCustomer) -> str:
    return (
        f'[[account]]\nname = "{name}"\nprepaid = false\npostback_networks = ["127.0.0.0/8"]\n'
        f'[account.postback]\ngenesys = "{customer.url}/{name}"\n'
    )


async def owe(store: Store, account_id: int) -> None:
    """Owe a postback about the end of a message of Genesys'."""
    number = next(NUMBERS)
    message = a_message(
        number,
        account_id=account_id,
        dialect="genesys",
        reference=f"r{number}",
        notify=Notify.ENDED,
        lane="http://127.0.0.1",
        price_micros=0,
    )
    await settle_sent(store, message, ids=(f"A{number}",))
    receipt = Receipt("link", f"A{number}", ReceiptState.DELIVERED, "", "447700900001", NOON)
    await store.receipts.record([receipt])


async def test_an_account_is_known_as_soon_as_anything_is_owed_to_it(
    tmp_path: Path, customer: FakeCustomer
) -> None:
    tried: list[tuple[str, bool, int]] = []
    runner = a_runner(tmp_path, count=lambda *one: tried.append(one))
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), runner)
    await apply(store, DIRECTORY, NOW)
    await runner.post(SETTINGS)
    beside = open_sqlite(tmp_path / "aldis.db", FakeClock())  # as `aldis apply` has one
    await apply(beside, DIRECTORY + hears_at("late", customer), NOW)
    await owe(store, LATE)
    await customer.wait_for(1, "/late")
    while not tried:
        await asyncio.sleep(0.01)
    assert tried == [("genesys", True, 1)]
    await beside.close()
    await store.close()


async def test_what_an_endpoint_says_when_the_gateway_has_just_died_is_kept(tmp_path: Path) -> None:
    asked, dead = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await dead.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read()  # until the other end closes
        writer.close()

    endpoint = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{endpoint.sockets[0].getsockname()[1]}"
    runner = a_runner(tmp_path)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), runner)
    hears = DIRECTORY + (
        '[[account]]\nname = "late"\nprepaid = false\npostback_networks = ["127.0.0.0/8"]\n'
        f'[account.postback]\ngenesys = "{url}"\n'
    )
    await apply(store, hears, NOW)
    await runner.post(SETTINGS)
    await owe(store, LATE)
    await asked.wait()
    assert runner._pipe is not None
    runner._pipe._transport.abort()  # as the gateway's death does
    dead.set()
    assert runner._process is not None
    assert await asyncio.to_thread(runner._process.wait, 10) == 0
    endpoint.close()
    await store.close()
    after = open_sqlite(tmp_path / "aldis.db", FakeClock())
    assert await after.outbox.lanes(10) == []
    await after.close()


def test_it_loads_nothing_of_doors_links_and_pages() -> None:
    """Each of these is several megabytes that the process would hold for nothing."""
    code = "import sys, aldis.app.back_office; print(*sys.modules)"
    program = [sys.executable, "-c", code]
    loaded = set(subprocess.run(program, capture_output=True, check=True, text=True).stdout.split())
    assert "aldis.stages.postbacks.poster" in loaded
    assert loaded.isdisjoint({"aiohttp", "PIL", "starlette", "jinja2", "aldis.settings", "aldis.links.smpp"})


async def test_who_rests_before_it_has_begun_does_not_begin(tmp_path: Path, customer: FakeCustomer) -> None:
    runner = a_runner(tmp_path)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), runner)
    await apply(store, DIRECTORY + hears_at("late", customer), NOW)
    await runner.post(SETTINGS)
    async with asyncio.timeout(5):
        await runner.rest()
    await owe(store, LATE)
    await store.close()
    assert customer.came == []


async def test_who_waits_for_its_rest_hears_of_its_death(tmp_path: Path) -> None:
    lost = asyncio.Event()
    runner = a_runner(tmp_path, lost.set)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), runner)
    await store.admission.take_ids(1)
    assert runner.pid is not None
    os.kill(runner.pid, signal.SIGSTOP)
    resting = asyncio.create_task(runner.rest())
    await asyncio.sleep(0)  # it has asked, and who stands still cannot answer
    assert not resting.done()
    os.kill(runner.pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        await resting
        await lost.wait()
    await store.close()
