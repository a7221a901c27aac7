"""Connections that say nothing: counted from their accept, also before TLS, so that nobody else is refused."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.fakes.certificates import self_signed

from aldis.addresses import Networks
from aldis.app.entropy import Entropy
from aldis.clock import unix_s
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.server import HttpServer, ServerSettings

#: time closes nobody here: who is closed is one too many
LIMITS = GuardLimits(header_s=60, connections=200, connections_per_address=20)
STRANGERS = 300
GET = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
STRANGER, HONEST = "127.0.0.1", "127.0.0.2"

Run = Callable[[Coroutine[Any, Any, None]], None]
pytestmark = pytest.mark.parametrize("run", [uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("pair"), "x")


@asynccontextmanager
async def listening(
    limits: GuardLimits, pair: tuple[Path | None, Path | None] = (None, None), host: str = STRANGER
) -> AsyncIterator[HttpServer]:
    """A server that answers with who asks."""

    def serve(request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        answer(HttpReply(200, b"text/plain", request.peer.encode()))

    made = HttpServer(serve, ServerSettings(host, 0, limits, *pair, grace_s=0.1), Entropy(), unix_s)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def connect(server: HttpServer, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.port, local_addr=(source, 0))


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def ask(server: HttpServer, source: str = HONEST, more: bytes = b"", *, tls: bool = False) -> bytes:
    """Give the answer of somebody honest."""
    reader, writer = await connect(server, source)
    if tls:
        await writer.start_tls(unverified())
    writer.write(GET[:-2] + more + b"\r\n")
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_silent_connections_of_one_address_take_no_more_than_its_share(
    run: Run, pair: tuple[Path, Path], *, tls: bool
) -> None:
    async def scenario() -> None:
        async with listening(LIMITS, pair if tls else (None, None)) as server:
            silent = [await connect(server, STRANGER) for _ in range(STRANGERS)]
            kept = 2 * LIMITS.connections_per_address  # half of them to be told that they are too many
            closed = 0
            for reading in asyncio.as_completed([reader.read(1) for reader, _ in silent]):
                closed += await reading == b""
                if closed == STRANGERS - kept:
                    break
            assert (server.guard.open, server.guard.refused) == (20, STRANGERS - 20)
            assert (await ask(server, tls=tls)).startswith(b"HTTP/1.1 200 ")
            for _, writer in silent:
                writer.close()

    run(scenario())


FIFTY = GuardLimits(header_s=60, body_s=60, idle_s=60, connections=200, connections_per_address=4)
#: whose strangers are, beside those who are honest: in one network, each in its own, in that of the honest one
CROWDS = {
    "one network": [f"127.0.1.{number}" for number in range(1, 51)],
    "many networks": [f"127.0.{number}.1" for number in range(1, 51)],
    "our network": [f"127.0.0.{number}" for number in range(100, 150)],
}
#: what strangers say, and whether they read an answer before they fall silent
SILENCES = {
    "nothing": b"",
    "half a head": GET[:-2],
    "half a body": b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
    "a request": GET.replace(b"Connection: close\r\n", b""),
}


async def fill(
    server: HttpServer, sources: list[str], octets: bytes = b""
) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Take all connections that there are from these addresses."""
    made = []
    for source in sources * (FIFTY.connections // len(sources)):
        reader, writer = await connect(server, source)
        writer.write(octets)
        if octets.endswith(b"\r\n\r\n"):
            await reader.readuntil(b"\r\n\r\n" + source.encode())
        made.append((reader, writer))
    while server.guard.open < FIFTY.connections:
        await asyncio.sleep(0)
    return made


@pytest.mark.parametrize("octets", SILENCES.values(), ids=SILENCES)
@pytest.mark.parametrize("sources", CROWDS.values(), ids=CROWDS)
def test_fifty_addresses_leave_room_for_another(run: Run, sources: list[str], octets: bytes) -> None:
    async def scenario() -> None:
        async with listening(FIFTY) as server:
            crowd = await fill(server, sources, octets)
            for _ in range(20):  # each leaves room for the next, once it is closed
                assert (await ask(server)).startswith(b"HTTP/1.1 200 ")
            assert server.guard.refused == 0
            assert 1 <= server.guard.gave_way <= 20
            kept = [await connect(server, HONEST) for _ in range(2)]
            for source in sources * 4:  # whoever was sent away comes again
                crowd.append(await connect(server, source))
            for reader, writer in kept:
                writer.write(GET)
                assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
                writer.close()
            assert server.guard.open <= FIFTY.connections
            for _, writer in crowd:
                writer.transport.abort()

    run(scenario())


def test_fifty_addresses_that_shake_no_hands_leave_room_for_another(
    run: Run, pair: tuple[Path, Path]
) -> None:
    async def scenario() -> None:
        async with listening(FIFTY, pair) as server:
            crowd = await fill(server, CROWDS["many networks"])
            for _ in range(20):
                assert (await ask(server, tls=True)).startswith(b"HTTP/1.1 200 ")
            assert server.guard.refused == 0
            assert 1 <= server.guard.gave_way <= 20
            for _, writer in crowd:
                writer.transport.abort()

    run(scenario())


#: in networks of their own, one connection each
SCATTERED = [f"127.{number // 250}.{number % 250}.1" for number in range(250, 250 + FIFTY.connections)]


def test_who_has_shown_a_credential_gives_way_to_no_stranger(run: Run) -> None:
    """Not even where strangers are so many that each has but one connection."""

    async def scenario() -> None:
        async with listening(FIFTY) as server:
            kept = [await connect(server, HONEST) for _ in range(FIFTY.connections_per_address)]
            for reader, writer in kept:
                writer.write(SILENCES["a request"])
                await reader.readuntil(b"\r\n\r\n" + HONEST.encode())
            server.guard.know(HONEST)
            crowd = [await connect(server, source) for source in SCATTERED * 2]
            for reader, writer in kept:
                writer.write(GET)
                assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
                writer.close()
            for _, writer in crowd:
                writer.transport.abort()

    run(scenario())


def test_who_has_shown_a_credential_keeps_no_newcomer_out(run: Run) -> None:
    async def scenario() -> None:
        async with listening(FIFTY) as server:
            for source in SCATTERED:
                server.guard.know(source)
            crowd = await fill(server, SCATTERED)
            kept = [await connect(server, f"127.0.{number}.1") for number in range(FIFTY.connections // 2)]
            for reader, writer in kept:
                writer.write(GET)
                assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
                writer.close()
            for _, writer in crowd:
                writer.transport.abort()

    run(scenario())


def test_what_is_under_way_is_broken_off_for_nobody(run: Run) -> None:
    async def scenario() -> None:
        answers: list[Callable[[HttpReply], None]] = []
        limits = GuardLimits(connections=32, connections_per_address=4)
        where = ServerSettings(STRANGER, 0, limits, grace_s=0.1)
        server = HttpServer(lambda _request, answer: answers.append(answer), where, Entropy(), unix_s)
        await server.start()
        busy = [await connect(server, f"127.0.1.{number % 8}") for number in range(32)]
        for _, writer in busy:
            writer.write(GET)
        while len(answers) < len(busy):
            await asyncio.sleep(0)
        assert (await ask(server)).startswith(b"HTTP/1.1 429 ")
        for answer in answers:
            answer(HttpReply(200, b"text/plain", b""))
        for reader, writer in busy:
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
        assert server.guard.gave_way == 0
        await server.stop()

    run(scenario())


def test_a_handshake_has_the_time_of_a_head(run: Run, pair: tuple[Path, Path]) -> None:
    async def scenario() -> None:
        limits = GuardLimits(header_s=0.2, connections_per_address=8)
        async with listening(limits, pair) as server:
            said = [b"", b"\x16\x03\x01", GET, b"\x16\x03\x01\x40\x00\x01", b"\x80\x2e\x01"]
            strangers = [await connect(server, STRANGER) for _ in said]
            for octets, (_, writer) in zip(said, strangers, strict=True):
                writer.write(octets)
            for reader, writer in strangers:
                with suppress(ConnectionError):  # with octets that nobody read
                    await reader.read()  # an alert perhaps, and the end
                writer.close()
            while server.guard.open:
                await asyncio.sleep(0)

    run(scenario())


def test_who_leaves_while_shaking_hands_gives_the_place_back(run: Run, pair: tuple[Path, Path]) -> None:
    async def scenario() -> None:
        async with listening(LIMITS, pair) as server:
            for _ in range(3):
                leaving = [await connect(server, STRANGER) for _ in range(20)]
                while server.guard.open < 20:
                    await asyncio.sleep(0)
                for _, writer in leaving:
                    writer.transport.abort()
                while server.guard.open:
                    await asyncio.sleep(0)
            assert server.guard.refused == 0

    run(scenario())


def test_one_too_many_is_told_so_by_tls_as_well(run: Run, pair: tuple[Path, Path]) -> None:
    async def scenario() -> None:
        async with listening(LIMITS, pair) as server:
            silent = [await connect(server, STRANGER) for _ in range(20)]
            assert (await ask(server, STRANGER, tls=True)).startswith(b"HTTP/1.1 429 ")
            for _, writer in silent:
                writer.close()

    run(scenario())


def test_stopping_waits_for_no_handshake(run: Run, pair: tuple[Path, Path]) -> None:
    async def scenario() -> None:
        async with listening(LIMITS, pair) as server:
            silent = [await connect(server, STRANGER) for _ in range(5)]
            while server.guard.open < 5:
                await asyncio.sleep(0)
        for reader, writer in silent:
            assert await reader.read() == b""
            writer.close()

    run(scenario())


def test_a_listener_outlives_a_lack_of_descriptors(run: Run) -> None:
    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # asyncio tells of it
        async with listening(LIMITS) as server:
            assert (await ask(server)).startswith(b"HTTP/1.1 200 ")
            clients = [socket.socket() for _ in range(30)]
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(each.fileno() for each in clients) + 1, hard))
            try:
                for client in clients:
                    client.setblocking(False)
                    client.connect_ex(("127.0.0.1", server.port))
                for _ in range(100):
                    await asyncio.sleep(0)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for client in clients:
                client.close()
            assert (await ask(server)).startswith(b"HTTP/1.1 200 ")
            while server.guard.open:
                await asyncio.sleep(0)

    run(scenario())


#: whom the settings trust, what a proxy forwards, and who is taken to have asked
FORWARDED = [
    ([], b"192.0.2.7", HONEST),
    (["127.0.0.2"], b"192.0.2.7", "192.0.2.7"),
    (["127.0.0.0/8"], b"192.0.2.7, 127.9.9.9", "192.0.2.7"),
    (["127.0.0.0/8"], b"198.51.100.1, ::ffff:192.0.2.7", "192.0.2.7"),
    (["::ffff:127.0.0.0/104"], b"[2001:DB8::1]:4711", "2001:db8::1"),
    (["127.0.0.0/8"], b"192.0.2.7, unknown", "unknown"),
    (["10.0.0.0/8"], b"192.0.2.7", HONEST),
]


@pytest.mark.parametrize(("trusted", "forwarded", "peer"), FORWARDED)
@pytest.mark.parametrize("host", ["127.0.0.1", "::"], ids=["IPv4", "both"])
def test_who_asks_is_the_same_at_both_kinds_of_listener(
    run: Run, host: str, trusted: list[str], forwarded: bytes, peer: str
) -> None:
    async def scenario() -> None:
        async with listening(GuardLimits(trusted=Networks(trusted)), host=host) as server:
            answer = await ask(server, more=b"X-Forwarded-For: " + forwarded + b"\r\n")
            assert answer.rpartition(b"\r\n\r\n")[2].decode() == peer

    run(scenario())


def test_a_proxy_is_not_capped_at_a_listener_for_both(run: Run) -> None:
    async def scenario() -> None:
        limits = GuardLimits(connections_per_address=1, trusted=Networks([HONEST]))
        async with listening(limits, host="::") as server:
            silent = [await connect(server, HONEST) for _ in range(3)]
            assert (await ask(server, HONEST)).startswith(b"HTTP/1.1 200 ")
            for _, writer in silent:
                writer.close()

    run(scenario())
