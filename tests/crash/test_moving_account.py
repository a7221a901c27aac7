"""An account moves to another cell while it sends; the mover is killed at each step, and the gateway that it leaves."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from aldis.clock import SystemClock
from aldis.demo.world import text_of
from aldis.store.contract.store import Store
from tests.backends import Place, open_database
from tests.crash.world import PRICE, WINDOW, Child
from tests.fakes.cells import NAMES, cell_settings
from tests.fakes.customer import FakeCustomer
from tests.fakes.postgresql import PostgresServer
from tests.fakes.programs import Program
from tests.fakes.whole import WholeGateway, apply_world

pytestmark = [pytest.mark.timeout(120)]

LANES = 3
#: of the cells; the account moves from the first to the second
#: what is locked so that a mover waits in a step, whether in the cell that it comes to, and the step's name
STEPS = {
    "copying": ("segment", True),
    "leaving": ("purse", False),
    "closed": ("ended_webhook", False),
    "left": ("sent", True),
}
FORM = {"login": "demo", "password": "demo-genesys", "sender": "447700900001", "receipt": "TRUE"}


class TwoCells:
    """A database each, with a gateway each, a process; and one account at one carrier."""

    def __init__(self, folder: Path, carrier: WholeGateway, urls: list[str], stores: list[Store]) -> None:
        self.carrier, self.urls, self.stores = carrier, urls, stores
        self.gateways: list[Child] = []
        for name in NAMES:
            (folder / name).mkdir()
            self.gateways.append(Child(folder / name, carrier))
        for number, child in enumerate(self.gateways):
            config, theirs = Path(child.where[1]), 1 - number
            text = config.read_text().replace("[http]\n", '[http]\ntrusted_proxies = ["127.0.0.1"]\n')
            config.write_text(text + cell_settings(number, urls, self.gateways[theirs].port))
        self.accepted: list[str] = []
        self.is_over = False

    async def send(self, lane: int) -> None:
        """Send one message after the other, each until it is accepted."""
        number = 0
        async with aiohttp.ClientSession() as session:
            while not self.is_over:
                reference = f"m{lane}-{number}"
                form = {**FORM, "phone_number": f"447700{lane}{number:03}01", "message": reference}
                door = self.gateways[number % 2]  # either passes on what is the other's
                url = f"http://127.0.0.1:{door.port}/httpapi/receiver"
                try:
                    async with session.post(url, data={**form, "message_id": reference}) as answer:
                        said = await answer.text()
                except aiohttp.ClientError:
                    continue
                if said in {"result_code=0", "result_code=7"}:
                    self.accepted.append(reference)
                    number += 1

    async def until(self, count: int) -> None:
        """Wait until so many have been accepted from now on."""
        wanted = len(self.accepted) + count
        while len(self.accepted) < wanted:
            await asyncio.sleep(0.01)

    def mover(self) -> Program:
        """Begin to move, or go on."""
        arguments = ["cell", "move", "demo", "--to", NAMES[1], *self.gateways[0].where[:2]]
        return Program("aldis", arguments, {0: 0, 1: 1, 2: 2})

    async def state(self) -> str:
        """Tell how far the move is in the cell that is left."""
        async with connected(self.urls[0]) as db:
            return await db.fetchval("SELECT state FROM account_move") or ""

    async def killed_in(self, state: str) -> None:
        """Kill a mover that has come so far."""
        table, is_there = STEPS[state]
        async with connected(self.urls[is_there]) as db, db.transaction():
            await db.execute(f"LOCK TABLE {table} IN SHARE MODE")
            mover = self.mover()
            while await self.state() != state:
                assert mover.poll() is None
                await asyncio.sleep(0.005)
            mover.kill()
            await asyncio.to_thread(mover.wait)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    db = await asyncpg.connect(url, server_settings={"search_path": "aldis"})
    try:
        yield db
    finally:
        await db.close()


@pytest.fixture
async def cells(
    postgres: PostgresServer, migrated: str, tmp_path: Path, customer: FakeCustomer
) -> AsyncIterator[TwoCells]:
    carrier = WholeGateway(tmp_path / "unused", customer)  # only its carrier is used
    await carrier.simulator.start()
    names = [await postgres.create(migrated) for _ in range(2)]
    urls = [postgres.url(name) for name in names]
    stores = [await open_database(Place(tmp_path, url), "watching", SystemClock()) for url in urls]
    await apply_world(stores[0], text_of("world.toml").replace("http://127.0.0.1:8091", customer.url))
    made = TwoCells(tmp_path, carrier, urls, stores)
    for child in made.gateways:
        await child.start()
    while "demo" not in (await stores[1].directory.load()).accounts:
        await asyncio.sleep(0.05)
    yield made
    for child in made.gateways:
        await child.stop()
    for store in stores:
        await store.close()
    await carrier.simulator.stop()
    for name in names:
        await postgres.drop(name)


async def test_whoever_is_killed_nothing_is_lost_or_repeated_beyond_the_window(
    cells: TwoCells, customer: FakeCustomer
) -> None:
    lanes = [asyncio.create_task(cells.send(lane)) for lane in range(LANES)]
    await cells.until(60)
    await cells.killed_in("copying")
    await cells.until(30)
    await cells.killed_in("leaving")
    await cells.gateways[0].end(signal.SIGKILL)
    await cells.gateways[0].start()
    await cells.until(30)
    await cells.killed_in("closed")
    await cells.killed_in("left")
    mover = cells.mover()
    assert await asyncio.to_thread(mover.wait) == 0
    await cells.until(60)
    cells.is_over = True
    await asyncio.gather(*lanes)
    here, there = cells.stores
    while await there.metrics.count_by_state() != {"delivered": len(cells.accepted)}:
        await asyncio.sleep(0.05)
    assert await here.metrics.count_by_state() == {}
    balance = await there.queries.balance((await there.directory.load()).accounts["demo"].account_id)
    assert (balance.held, balance.spent) == (0, PRICE * len(cells.accepted))
    shown = Counter(received.text for received in cells.carrier.received())
    assert set(shown) == set(cells.accepted)
    assert sum(shown.values()) <= len(shown) + WINDOW
    while len(set(told := [came.form["message_id"] for came in customer.to("/genesys")])) < len(
        cells.accepted
    ):
        await asyncio.sleep(0.05)
    assert len(told) <= len(cells.accepted) + WINDOW
