"""The console has a budget of its own: whatever strangers do there, customers are served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

CONNECTIONS = 30
STRANGERS = 150
SETTINGS = f"""
[console]
listen = "127.0.0.1:0"
connections = {CONNECTIONS}
"""


@pytest.fixture
async def watched(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    made = WholeGateway(tmp_path / "data", customer, more=SETTINGS)
    await made.start()
    yield made
    await made.stop()


class Strangers:
    """Raw connections to the console."""

    def __init__(self, gateway: WholeGateway) -> None:
        assert gateway.gateway.console is not None
        self.console = gateway.gateway.console
        self._all: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def come(self, count: int, octets: bytes = b"") -> None:
        """Connect, and say the same."""
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.console.port)
            writer.write(octets)
            self._all.append((reader, writer))

    async def answers(self) -> list[bytes]:
        """Give what each is answered until its end."""
        return await asyncio.gather(*(self._answer(reader) for reader, _ in self._all))

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        answer = b""
        with suppress(ConnectionError):  # what was not read when the connection ended
            while octets := await reader.read(65_536):
                answer += octets
        return answer

    async def some_ended(self, count: int) -> None:
        """Wait until so many have ended."""
        readings = asyncio.as_completed([self._answer(reader) for reader, _ in self._all])
        for reading in islice(readings, count):
            await reading

    def leave(self) -> None:
        """End all."""
        for _, writer in self._all:
            writer.transport.abort()


async def is_served(gateway: WholeGateway, message_id: str) -> bool:
    return await gateway.genesys("12025550100", message_id) == "result_code=0"


async def test_idle_connections_there_take_none_from_customers(watched: WholeGateway) -> None:
    strangers = Strangers(watched)
    await strangers.come(STRANGERS)
    kept = strangers.console.guard.limits.sockets
    await strangers.some_ended(STRANGERS - kept)
    assert (strangers.console.guard.open, strangers.console.guard.refused) == (
        CONNECTIONS,
        STRANGERS - CONNECTIONS,
    )
    assert watched.gateway.server.guard.open == 0
    assert await is_served(watched, "1")
    strangers.leave()
    while strangers.console.guard.open:
        await asyncio.sleep(0)
    async with watched.session.get(watched.console + "/sign-in") as page:
        assert page.status == 200


#: what strangers say, and how each is answered
SAID = [
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000, b"HTTP/1.1 431 "),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200, b"HTTP/1.1 431 "),
    (b"GET /" + b"a" * 40_000, b"HTTP/1.1 431 "),
    (
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 400 ",
    ),
    (b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", b"HTTP/1.1 303 "),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 400 "),
    (b"\x16\x03\x01\x02\x00", b"HTTP/1.1 400 "),
    (
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n" + b"a" * 2_000_000,
        b"HTTP/1.1 413 ",
    ),
    (
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 9999,
        b"HTTP/1.1 413 ",
    ),
    (
        b"POST /compose/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n" + b"a" * 2_000_000,
        b"HTTP/1.1 303 ",
    ),
    (
        b"POST /v1/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n" + b"a" * 2_000_000,
        b"HTTP/1.1 401 ",
    ),
]


@pytest.mark.parametrize(("octets", "answer"), SAID)
async def test_what_strangers_say_is_bounded(watched: WholeGateway, octets: bytes, answer: bytes) -> None:
    strangers = Strangers(watched)
    await strangers.come(3, octets)
    for reader, _ in strangers._all:
        assert (await reader.readexactly(len(answer))) == answer
    assert await is_served(watched, "1")
    strangers.leave()
