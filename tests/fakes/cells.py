"""Two cells: a database each, a gateway each, and one carrier account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from aldis.app.gateway import Gateway
from aldis.demo.world import text_of
from tests.backends import apply
from tests.fakes.customer import FakeCustomer
from tests.fakes.ports import free_port
from tests.fakes.postgresql import PostgresServer
from tests.fakes.whole import WholeGateway

#: the first is the one in which the directory is changed
NAMES = ("eu", "us")
_CELLS = """
[store]
url = "{own}"
[cells]
name = "{name}"
number = {number}
directory = "eu"
[[cell]]
name = "{other}"
store = "{theirs}"
doors = [{doors}]
"""


def cell_settings(number: int, urls: Sequence[str], *ports: int) -> str:
    """Write the settings of one of two cells. `urls`: their databases; `ports`: of the other's doors."""
    return _CELLS.format(
        own=urls[number],
        name=NAMES[number],
        number=number,
        other=NAMES[1 - number],
        theirs=urls[1 - number],
        doors=", ".join(f'"http://127.0.0.1:{port}"' for port in ports),
    )


class CellGateway(WholeGateway):
    """A gateway of one cell; its door has a known port."""

    port: int

    async def start_gateway(self) -> None:
        settings, door = self.settings, self.settings.http
        door = msgspec.structs.replace(door, listen=f"127.0.0.1:{self.port}", trusted_proxies=("127.0.0.1",))
        self.settings = msgspec.structs.replace(settings, http=door)
        self.gateway = await Gateway.open(self.settings, self.data_dir, self.clock)
        await self.gateway.start()


class Pair(msgspec.Struct):
    """Cell `eu`, where the directory is changed, and `us`, where the account `demo` lives."""

    eu: CellGateway
    us: CellGateway

    async def both(self, holds: Callable[[WholeGateway], bool]) -> None:
        while not all(map(holds, (self.eu, self.us))):
            await asyncio.sleep(0.02)

    def knows_demo(self, gateway: WholeGateway) -> bool:
        """Whether a gateway has taken the directory up."""
        accounts = gateway.gateway.admitter._current.directory.accounts
        return "demo" in accounts


@asynccontextmanager
async def cell_pair(
    postgres: PostgresServer, migrated: str, folder: Path, customer: FakeCustomer
) -> AsyncIterator[Pair]:
    """Start both, with the demo's world; `migrated`: the database to be copied."""
    names = [await postgres.create(migrated) for _ in range(2)]
    urls, ports = [postgres.url(name) for name in names], [free_port(), free_port()]
    made: list[CellGateway] = []
    for number, name in enumerate(NAMES):
        more = cell_settings(number, urls, free_port(), ports[1 - number])  # at the first is nobody
        gateway = CellGateway(folder / name, customer, more=more, beside=made[0] if made else None)
        gateway.port = ports[number]
        made.append(gateway)
    pair = Pair(*made)
    for gateway in made:
        await gateway.start()
    world = text_of("world.toml").replace("http://127.0.0.1:8091", customer.url)
    world = world.replace('name = "demo"\n', 'name = "demo"\ncell = "us"\n', 1)
    await apply(pair.eu.gateway.store, world, pair.eu.clock.now())
    await pair.both(pair.knows_demo)
    for gateway in made:
        await gateway.up()
    yield pair
    await pair.us.stop()
    await pair.eu.stop()
    for name in names:
        await postgres.drop(name)
