"""`kill -9` for real: a child gateway under load dies at a dozen moments, and every accepted message still
ends.

The carrier and the customer live in the test's process, so they remember what the gateway may not forget. The
bound on repeats is the link's window for each kill: what was claimed and not yet settled goes out again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway, free_port

from aldis.demo.world import text_of
from aldis.store.sqlite.store import SqliteStore

pytestmark = [pytest.mark.crash, pytest.mark.timeout(150)]

KILLS = 12
WINDOW = 20
SETTINGS = """
[http]
listen = "127.0.0.1:{http}"
connections_per_address = 100
[[link]]
name = "simulator"
host = "127.0.0.1"
port = {smpp}
system_id = "aldis"
password = "demo-smpp"
window = {window}
[log]
level = "error"
"""


class Child:
    """A gateway in a process of its own."""

    def __init__(self, folder: Path, smpp_port: int) -> None:
        self.port = free_port()
        self.data_dir = folder / "data"
        self._config = folder / "aldis.toml"
        self._config.write_text(SETTINGS.format(http=self.port, smpp=smpp_port, window=WINDOW))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        arguments = ["-m", "aldis", "serve", "--config", str(self._config), "--data-dir", str(self.data_dir)]
        self._process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{self.port}/health/ready"):
                        return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)

    async def end(self, number: int) -> int:
        assert self._process is not None
        os.kill(self._process.pid, number)
        return await self._process.wait()


async def send(session: aiohttp.ClientSession, port: int, reference: str, accepted: set[str]) -> None:
    """Send one message; only a zero that was read counts as accepted."""
    form = {
        "login": "demo",
        "password": "demo-genesys",
        "phone_number": f"4477{int(reference[1:]):06d}01",
        "sender": "447700900001",
        "message": reference,
        "message_id": reference,
        "receipt": "TRUE",
    }
    try:
        async with session.post(f"http://127.0.0.1:{port}/httpapi/receiver", data=form) as answer:
            if await answer.text() == "result_code=0":
                accepted.add(reference)
    except aiohttp.ClientError:
        pass  # it died: whether the message was accepted is unknown, as it is to a customer


async def load_and_kill(child: Child, first: int, delay_s: float, accepted: set[str]) -> None:
    """Send as fast as it goes, and kill the gateway in the middle."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=30)) as session:
        sending = [
            asyncio.create_task(send(session, child.port, f"m{number}", accepted))
            for number in range(first, first + 100)
        ]
        await asyncio.sleep(delay_s)
        assert await child.end(signal.SIGKILL) == -signal.SIGKILL
        await asyncio.gather(*sending)


async def test_nothing_accepted_is_lost_by_kill_9(tmp_path: Path, customer: FakeCustomer) -> None:
    whole = WholeGateway(tmp_path / "unused", customer)  # only its carrier is used
    await whole.simulator.start()
    child = Child(tmp_path, whole.smpp_port)
    world = tmp_path / "world.toml"
    world.write_text(text_of("world.toml").replace("http://127.0.0.1:8091", customer.url))
    applying = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "aldis",
        "apply",
        str(world),
        "--data-dir",
        str(child.data_dir),
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await applying.wait() == 0
    accepted: set[str] = set()
    for kill in range(KILLS):
        await child.start()
        await load_and_kill(child, kill * 100, 0.1 + kill * 0.04, accepted)
    await child.start()
    assert len(accepted) > 200
    store = SqliteStore(child.data_dir / "aldis.db")
    while (states := await store.count_by_state()).keys() - {"delivered"}:
        await asyncio.sleep(0.1)
    shown = Counter(received.text for received in whole.simulator.memory.handsets._received)
    assert accepted - shown.keys() == set()
    repeats = sum(count - 1 for count in shown.values())
    assert repeats <= KILLS * WINDOW
    while accepted - {came.form["message_id"] for came in customer.to("/genesys")}:
        await asyncio.sleep(0.1)
    account = (await store.directory()).accounts["demo"].account_id
    balance = await store.balance(account)
    assert (balance.held, balance.spent) == (0, sum(states.values()) * 50_000)
    assert await child.end(signal.SIGTERM) == 0
    await store.close()
    await whole.simulator.stop()
