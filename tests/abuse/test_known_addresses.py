"""Strangers from ever so many networks take all connections: who has shown a valid credential keeps theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

CONNECTIONS = 40
#: each in a network of its own
STRANGERS = [f"127.0.{number}.1" for number in range(1, 2 * CONNECTIONS)]
SEND = "/httpapi/receiver?login=demo&password={}&phone_number=447700900001&sender=447700900001&message=Hi&message_id={}"

#: what an address asks, and whether it is known then
ASKED = [
    (SEND.format("demo-genesys", "m1"), True),
    (SEND.format("demo-genesys", ""), False),  # refused before anybody is asked
    (SEND.format("wrong", "m1"), False),
    ("/rest/me?token=demo-mavorion", True),
    ("/rest/me?token=wrong", False),
    ("/rest/prices/list/sms/json", False),
    ("/health/ready", False),
    ("/nothing", False),
]


@pytest.fixture
async def small(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    made = WholeGateway(tmp_path / "data", customer)
    http = msgspec.structs.replace(made.settings.http, connections=CONNECTIONS, connections_per_address=4)
    made.settings = msgspec.structs.replace(made.settings, http=http)
    await made.start()
    await made.up()
    yield made
    await made.stop()


class Connection:
    """One connection of an address, kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    @classmethod
    async def of(cls, whole: WholeGateway, source: str) -> Connection:
        port = whole.gateway.server.port
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)))

    async def ask(self, target: str) -> bytes:
        """Give an answer, b"" where the connection has ended."""
        self.writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return head + await self._reader.readexactly(length)


@pytest.mark.parametrize(("target", "is_known"), ASKED)
async def test_who_has_shown_a_credential_keeps_the_connection(
    small: WholeGateway, target: str, *, is_known: bool
) -> None:
    honest = await Connection.of(small, "127.9.9.9")
    assert await honest.ask(target)
    strangers = [await Connection.of(small, source) for source in STRANGERS]
    guard = small.gateway.server.guard
    while guard.gave_way < len(STRANGERS) - CONNECTIONS + 1:
        await asyncio.sleep(0)
    assert guard.open == CONNECTIONS
    assert bool(await honest.ask("/health/ready")) is is_known
    for each in (honest, *strangers):
        each.writer.transport.abort()
