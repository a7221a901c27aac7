"""A whole gateway in the test's own process, with real sockets: door, store, link, simulated carrier."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from aldis.app.gateway import Gateway
from aldis.app.simulator import Simulator
from aldis.clock import Clock, SystemClock
from aldis.demo.world import text_of
from aldis.settings import Settings, SimulatorSettings, read
from aldis.simulator.handsets import Received
from aldis.store.contract.search import MessageView
from aldis.store.contract.store import Store
from tests.backends import apply, find
from tests.fakes.customer import FakeCustomer
from tests.fakes.ports import free_port

SETTINGS = """
[http]
listen = "127.0.0.1:0"
connections_per_address = 200

[[link]]
name = "simulator"
host = "127.0.0.1"
port = {smpp}
system_id = "aldis"
password = "demosmpp"
{link}
"""

MMSC = """
[[link]]
name = "mmsc"
kind = "mm7"
url = "http://127.0.0.1:{view}/mm7"
user = "aldis"
password = "demosmpp"
vasp_id = "aldis"
window = 10
response_s = 5
listen = "127.0.0.1:{listen}"
listen_user = "mmsc"
listen_password = "demo-mm7"
{more}
"""


async def apply_world(store: Store, text: str) -> None:
    """Give a store the directory of a file, as `aldis apply` does."""
    await apply(store, text, SystemClock().now())


class WholeGateway:
    """Start it, send requests with `get` and `post`, look at the carrier's side with `handset`."""

    #: all in one process, which starts sooner; journeys and crash tests take what operators get
    writer = "thread"

    def __init__(
        self,
        data_dir: Path,
        customer: FakeCustomer,
        link: str = "",
        mmsc: str | None = None,
        more: str = "",
        beside: WholeGateway | None = None,
    ) -> None:
        """`link`, `mmsc`: more settings of the SMSC's and the MMSC's link, None: there is no MMSC; `more`: more
        sections of the settings; `beside`: has the carrier; None: ours is our own.
        """
        self.beside = beside
        self.smpp_port: int
        self.simulator: Simulator
        self.data_dir = data_dir
        self.customer = customer
        self.smpp_port = free_port() if beside is None else beside.smpp_port
        self.view_port, self.listen_port = (0, 0) if mmsc is None else (free_port(), free_port())
        text = SETTINGS.format(smpp=self.smpp_port, link=link)
        if mmsc is not None:
            text += MMSC.format(view=self.view_port, listen=self.listen_port, more=mmsc)
        if "[store]" not in more:
            text += f'\n[store]\nwriter = "{self.writer}"\n'
        self.settings: Settings = read(text + more, "test", {})
        self.simulator = self._new_simulator() if beside is None else beside.simulator
        self.clock: Clock = SystemClock()
        self.gateway: Gateway
        #: changes the demo's directory before it is applied
        self.world: Callable[[str], str] = lambda text: text
        self.session: aiohttp.ClientSession

    def _new_simulator(self) -> Simulator:
        settings = SimulatorSettings(
            listen=f"127.0.0.1:{self.smpp_port}",
            view=f"127.0.0.1:{self.view_port}",
            system_id="aldis",
            password="demosmpp",
            vasp_url=f"http://127.0.0.1:{self.listen_port}/" if self.listen_port else "",
            vasp_user="mmsc",
            vasp_password="demo-mm7",
        )
        return Simulator(settings, SystemClock())

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.gateway.server.port}"

    @property
    def console(self) -> str:
        """The console's address, where the settings ask for one."""
        assert self.gateway.console is not None
        return f"http://127.0.0.1:{self.gateway.console.port}"

    async def start(self) -> None:
        if self.beside is None:
            await self.simulator.start()
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))
        await self.start_gateway()

    async def start_gateway(self) -> None:
        self.gateway = await Gateway.open(self.settings, self.data_dir, self.clock)
        text = text_of("world.toml").replace("http://127.0.0.1:8091", self.customer.url)
        await apply_world(self.gateway.store, self.world(text))
        await self.gateway.start()

    async def stop(self) -> None:
        await self.session.close()
        await self.gateway.stop()
        if self.beside is None:
            await self.simulator.stop()

    async def stop_carrier(self) -> None:
        await self.simulator.stop()

    async def start_carrier(self) -> None:
        """A carrier with a fresh memory, but the same handsets."""
        handsets = self.simulator.memory.handsets
        self.simulator = self._new_simulator()
        self.simulator.memory.handsets = handsets
        await self.simulator.start()

    async def get(self, path: str, **parameters: str) -> tuple[int, str]:
        async with self.session.get(self.base + path, params=parameters) as response:
            return response.status, await response.text()

    async def post(self, path: str, data: Any, content_type: str = "") -> tuple[int, str]:
        headers = {"Content-Type": content_type} if content_type else {}
        async with self.session.post(self.base + path, data=data, headers=headers) as response:
            return response.status, await response.text()

    async def genesys(self, number: str, message_id: str, **more: str) -> str:
        """Send by the shortest dialect; returns the body of the answer."""
        form = {
            "login": "demo",
            "password": "demo-genesys",
            "phone_number": number,
            "sender": "447700900001",
            "message": "Hello",
            "message_id": message_id,
            "receipt": "TRUE",
            **more,
        }
        return (await self.post("/httpapi/receiver", form))[1]

    def received(self) -> list[Received]:
        """All that handsets received, each handset's oldest first."""
        handsets = self.simulator.memory.handsets
        return [received for number in handsets.numbers() for received in handsets.of(number)]

    async def up(self) -> None:
        """Wait until all links are."""
        while not all(self.gateway.links_up().values()):
            await asyncio.sleep(0.01)

    async def send_mms(self, number: str, message_id: str, *media: tuple[str, bytes], **more: str) -> str:
        """Send a multimedia message; returns the body of the answer."""
        named = {
            f"mms_attachment[{position}].{key}": value
            for position, (content_type, octets) in enumerate(media)
            for key, value in (("content_type", content_type), ("content", b64encode(octets).decode()))
        }
        return await self.genesys(number, message_id, **named, **more)

    def handset(self, number: str) -> list[str]:
        """What a handset shows."""
        return [received.text for received in self.simulator.memory.handsets.of(number)]

    async def ended(self, reference: str) -> MessageView:
        """Wait until a message has ended and all its postbacks are done; polls the store as an operator
        would.
        """
        while True:
            found = await find(self.gateway.store, reference, 1)
            if found and found[0].ended_at:
                timeline = await self.gateway.store.search.message(found[0].message_id)
                if timeline is not None and all(postback.done for postback in timeline.postbacks):
                    return timeline
            await asyncio.sleep(0.02)

    async def all_ended(self, count: int) -> dict[str, int]:
        """Wait until so many messages have ended; returns how many are in each state."""
        while True:
            states = await self.gateway.store.metrics.count_by_state()
            if (
                sum(states.get(state, 0) for state in states if state not in ("queued", "sending", "sent"))
                >= count
            ):
                return states
            await asyncio.sleep(0.05)
