"""What uses the database in the demo: two gateways, a simulated carrier, and a customer who counts."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import aiohttp
from aiohttp import web
from contrib.ha.programs import Program

from aldis.app.simulator import Simulator
from aldis.app.stores import open_store
from aldis.clock import SystemClock
from aldis.demo.world import text_of
from aldis.settings import SimulatorSettings, read

WINDOW = 20
PRICE_MICROS = 50_000
#: the customer's connections, and how long each waits after an answer
AT_ONCE, PACE_S = 8, 0.1
#: how long it waits for an answer before it repeats the request elsewhere
ANSWER_S = 5.0
READY_S = 0.5
ENDED = {"delivered"}
SETTINGS = """
[http]
listen = "127.0.0.1:{http}"
connections_per_address = 100
[store]
url = "{database}"
[[link]]
name = "simulator"
host = "127.0.0.1"
port = {smpp}
system_id = "aldis"
password = "demosmpp"
window = {window}
response_s = 2
[log]
level = "warning"
"""


class Gateway:
    """One gateway, as operators start it."""

    def __init__(self, name: str, folder: Path, port: int, settings: str) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.config, self.data_dir = folder / f"{name}.toml", folder / f"{name}-data"
        self.config.write_text(settings, encoding="utf-8")
        self.program = Program(folder / f"{name}.log", is_ours=True)

    def start(self) -> None:
        """Start it."""
        self.program.start([sys.executable, "-m", "aldis", "serve", *self._where()])

    def _where(self) -> list[str]:
        return ["--config", str(self.config), "--data-dir", str(self.data_dir)]

    def apply(self, world: Path) -> None:
        """Give the database the demo's accounts."""
        applying = Program(world.with_suffix(".log"), is_ours=True)
        applying.start([sys.executable, "-m", "aldis", "apply", *self._where(), str(world)])
        applying.wait()


class Traffic:
    """Carrier, gateways, customer."""

    def __init__(self, folder: Path, ports: Iterator[int], database: str) -> None:
        smpp, view, self._listens_at = next(ports), next(ports), next(ports)
        carrier = SimulatorSettings(listen=f"127.0.0.1:{smpp}", view=f"127.0.0.1:{view}")
        self._carrier = Simulator(carrier, SystemClock())
        self._folder = folder
        self.gateways = []
        for name in ("gw1", "gw2"):
            port = next(ports)
            text = SETTINGS.format(http=port, database=database, smpp=smpp, window=WINDOW)
            self.gateways.append(Gateway(name, folder, port, text))
        #: when each message was accepted, by its text
        self.accepted: dict[str, float] = {}
        #: what the customer was told has been delivered
        self.told: set[str] = set()
        self._receiver: web.AppRunner | None = None
        self._sending: list[asyncio.Task[None]] = []
        self._made = 0

    async def start(self) -> None:
        """Start all; returns when both gateways take messages."""
        await self._carrier.start()
        receiver = web.Application()
        receiver.router.add_post("/{path}", self._hear)
        self._receiver = web.AppRunner(receiver, access_log=None)
        await self._receiver.setup()
        await web.TCPSite(self._receiver, "127.0.0.1", self._listens_at).start()
        world = self._folder / "world.toml"
        here = f"http://127.0.0.1:{self._listens_at}"
        world.write_text(text_of("world.toml").replace("http://127.0.0.1:8091", here), encoding="utf-8")
        await asyncio.to_thread(self.gateways[0].apply, world)
        for gateway in self.gateways:
            gateway.start()
        await self.until_ready()
        self._sending = [asyncio.create_task(self._send()) for _ in range(AT_ONCE)]

    async def until_ready(self) -> None:
        """Wait until both gateways say that they take messages."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_S)) as session:
            for gateway in self.gateways:
                while not await _is_ready(session, gateway):
                    await asyncio.sleep(READY_S)

    async def until_accepted(self, more: int) -> None:
        """Wait until so many more messages were accepted."""
        wanted = len(self.accepted) + more
        while len(self.accepted) < wanted:
            await asyncio.sleep(PACE_S)

    def longest_wait(self, since: float) -> float:
        """Give the longest time, in seconds, in which nothing was accepted."""
        instants = [
            since,
            *(instant for instant in self.accepted.values() if instant > since),
            time.monotonic(),
        ]
        return max(later - earlier for earlier, later in pairwise(instants))

    async def finish(self) -> None:
        """Send no more, and wait until all that was accepted has ended and been told."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        while self.accepted.keys() - self.told:
            await asyncio.sleep(READY_S)

    def shown(self) -> Counter[str]:
        """Give how often each text arrived at a handset."""
        handsets = self._carrier.memory.handsets
        return Counter(received.text for number in handsets.numbers() for received in handsets.of(number))

    async def money(self) -> tuple[int, int, int]:
        """Give what is held and spent, in millionths, and what all messages cost together."""
        gateway = self.gateways[0]
        settings = read(gateway.config.read_text(encoding="utf-8"), str(gateway.config), {})
        store = await open_store(settings, gateway.data_dir)
        try:
            while (states := await store.metrics.count_by_state()).keys() - ENDED:
                await asyncio.sleep(READY_S)
            account = (await store.directory.load()).accounts["demo"].account_id
            balance = await store.queries.balance(account)
        finally:
            await store.close()
        return balance.held, balance.spent, sum(states.values()) * PRICE_MICROS

    async def end(self) -> None:
        """End all."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        for gateway in self.gateways:
            await asyncio.to_thread(gateway.program.end, signal.SIGTERM)
        if self._receiver is not None:
            await self._receiver.cleanup()
        await self._carrier.stop()

    def last_words(self) -> str:
        """Give the end of each log, for when something fails."""
        return "\n\n".join(gateway.program.last_words() for gateway in self.gateways)

    async def _send(self) -> None:
        """Send one message after the other, each until it is accepted."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_S)) as session:
            while True:
                self._made += 1
                text = f"message {self._made}"
                tries = 0
                while not await self._is_accepted(session, text, self.gateways[(self._made + tries) % 2]):
                    tries += 1
                    await asyncio.sleep(PACE_S)
                self.accepted[text] = time.monotonic()
                await asyncio.sleep(PACE_S)

    async def _is_accepted(self, session: aiohttp.ClientSession, text: str, gateway: Gateway) -> bool:
        """Send a message; safe to repeat, by its key, wherever the answer was lost."""
        body = {"to": f"4477{text.removeprefix('message '):0>6}01", "text": text}
        headers = {"Authorization": "Bearer demo-native", "Idempotency-Key": text.replace(" ", "-")}
        try:
            async with session.post(f"{gateway.url}/v1/messages", json=body, headers=headers) as answer:
                return answer.status == web.HTTPAccepted.status_code
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _hear(self, request: web.Request) -> web.Response:
        """Take a webhook."""
        event = await request.json()
        if event["type"] == "message.delivered":
            self.told.add(event["data"]["id"].removeprefix("k-").replace("-", " "))
        return web.Response()


async def _is_ready(session: aiohttp.ClientSession, gateway: Gateway) -> bool:
    try:
        async with session.get(f"{gateway.url}/health/ready") as answer:
            return answer.status == web.HTTPOk.status_code
    except (aiohttp.ClientError, TimeoutError):
        return False
