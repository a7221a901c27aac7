"""Bodies cost what they are, however they come: in octets held, in calls, and all of them together."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from msgspec.structs import replace
from tests.dialects.asking import get, post
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.app.entropy import Entropy
from aldis.clock import unix_s
from aldis.dialects import parameters
from aldis.dialects.exchange import LONG_BODY, HttpReply, HttpRequest
from aldis.dialects.mavorion import credentials
from aldis.doors.http import session
from aldis.doors.http.assembler import BODY, ENDED, RequestAssembler
from aldis.doors.http.guard import BodyBudget, GuardLimits
from aldis.doors.http.server import HttpServer, ServerSettings
from aldis.doors.http.streaming import StreamAssembler
from aldis.traffic.caller import Presented

HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITS = GuardLimits(body_octets=100_000, bodies_octets=200_000)


def assembler(bodies: BodyBudget, limits: GuardLimits = LIMITS) -> RequestAssembler:
    return RequestAssembler("10.0.0.1", limits, lambda _bits: 7, "http://", bodies)


def chunks(count: int, octets: int) -> bytes:
    return f"{octets:x}\r\n".encode().join([b"", *[b"x" * octets + b"\r\n"] * count])


def test_small_chunks_are_held_as_what_they_are() -> None:
    made = assembler(BodyBudget(2**30), GuardLimits())
    piece = chunks(200, 8)
    made.feed(HEAD)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(200):
        made.feed(piece)
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert made.phase is BODY
    assert held < 2 * 200 * 200 * 8


def test_chunks_that_are_mostly_framing_are_refused_soon() -> None:
    made, sent = assembler(BodyBudget(2**30), GuardLimits()), 0
    made.feed(HEAD)
    while made.phase is BODY:
        made.feed(chunks(100, 2))
        sent += 100
    assert made.fault == 431
    assert sent < 1_000


async def test_who_sends_mostly_framing_keeps_its_places_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it could begin anew at once, as often as it likes."""
    monkeypatch.setattr(session, "WASTE_S", 3600.0)
    limits = replace(LIMITS, connections_per_address=2)
    async with listening(
        lambda _request, answer: answer(HttpReply(200, b"text/plain", b"")), limits
    ) as server:
        wasteful = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        for _, writer in wasteful:
            writer.write(HEAD + chunks(20_000, 2))
        while sum(each._assembler.is_wasteful for each in server._site.sessions) < 2:
            await asyncio.sleep(0)
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 429 ")
            writer.close()
            await writer.wait_closed()
        assert server.guard.open == 2
        for _, writer in wasteful:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.parametrize("assembles", [RequestAssembler, StreamAssembler])
def test_a_read_of_small_chunks_is_left_in_its_middle(assembles: type[RequestAssembler]) -> None:
    """A read has thousands of them, and each is a call."""
    made = assembles("10.0.0.1", GuardLimits(), lambda _bits: 7, "http://", BodyBudget(2**30))
    made.feed(HEAD + chunks(20_000, 2))
    assert made.fault == 431
    assert made._body_octets < 2_000


def test_what_is_held_is_counted_and_given_back() -> None:
    bodies = BodyBudget(LIMITS.bodies_octets)
    made = [assembler(bodies) for _ in range(3)]
    for each in made:
        each.feed(HEAD)
        each.feed(chunks(1, 90_000))
    assert [each.phase for each in made] == [BODY, BODY, ENDED]
    assert made[2].fault == 503
    assert bodies.octets == 180_000
    made[0].feed(b"0\r\n\r\n")
    assert len(made[0].requests[0][0].body) == 90_000
    assert bodies.octets == 180_000  # until it is answered
    made[0].note_answered()
    assert bodies.octets == 90_000
    made[1].close()
    assert bodies.octets == 0


def test_a_body_over_its_own_limit_is_not_held() -> None:
    bodies = BodyBudget(LIMITS.bodies_octets)
    made = assembler(bodies)
    made.feed(HEAD)
    for _ in range(5):
        made.feed(chunks(1, 60_000))
    assert (made.phase, bodies.octets) == (BODY, 0)
    made.feed(b"0\r\n\r\n")
    ((request, _),) = made.requests
    assert (request.body_fits, request.body) == (False, b"")


@asynccontextmanager
async def listening(
    serve: Callable[[HttpRequest, Callable[[HttpReply], None]], None], limits: GuardLimits = LIMITS
) -> AsyncIterator[HttpServer]:
    server = HttpServer(serve, ServerSettings("127.0.0.1", 0, limits, grace_s=0.1), Entropy(), unix_s)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_connections_share_a_budget_which_comes_back() -> None:
    def serve(request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        answer(HttpReply(200, b"text/plain", str(len(request.body)).encode()))

    async with listening(serve) as server:

        async def begin() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(HEAD + chunks(1, 90_000))
            await writer.drain()
            return reader, writer

        for _ in range(3):  # the budget is whole each time
            opened = [await begin() for _ in range(4)]
            refused = [asyncio.create_task(reader.read(100)) for reader, _ in opened]
            await asyncio.wait(refused, return_when=asyncio.FIRST_COMPLETED)
            while sum(each.done() for each in refused) < 2:
                await asyncio.sleep(0)
            for _, writer in opened:
                writer.write(b"0\r\n\r\n")
            answers = [await each for each in refused]
            assert sorted(answer.split()[1] for answer in answers) == [b"200", b"200", b"503", b"503"]
            for _, writer in opened:
                writer.close()
                await writer.wait_closed()


async def test_each_dialect_says_it_in_its_words(tmp_path: Path, customer: FakeCustomer) -> None:
    made = WholeGateway(tmp_path / "data", customer)
    made.settings = replace(made.settings, http=replace(made.settings.http, bodies_octets=20_000))
    await made.start()
    try:
        for path in ("/rest/mtsms", "/v1/messages", "/httpapi/receiver", "/API/wxml/1.3/"):

            async def pieces() -> AsyncIterator[bytes]:
                for _ in range(4):
                    yield b"x" * 10_000

            async with (
                aiohttp.ClientSession() as session,
                session.post(made.base + path, data=pieces()) as answer,
            ):
                assert answer.status == 503, path
                assert "Service Unavailable\n" not in await answer.text(), path
    finally:
        await made.stop()


@pytest.mark.parametrize(("count", "is_taken"), [(1, True), (100, True), (101, False), (262_144, False)])
def test_percent_signs_that_escape_nothing_are_bounded(count: int, *, is_taken: bool) -> None:
    octets = b"a=" + b"%" * count
    if is_taken:
        assert parameters.form(octets) == {"a": "%" * count}
        return
    with pytest.raises(parameters.Unreadable, match="percent"):
        parameters.form(octets)
    with pytest.raises(parameters.Unreadable, match="percent"):
        parameters.unquoted(octets)


def test_any_number_of_escapes_is_taken() -> None:
    assert parameters.form(b"a=" + quote("й" * 5_000).encode()) == {"a": "й" * 5_000}


OAUTH = "&".join(
    f"oauth_{name}={value}"
    for name, value in {
        "consumer_key": "k",
        "signature_method": "HMAC-SHA1",
        "signature": "s",
        "timestamp": "1",
        "nonce": "n",
    }.items()
)


def signed(request: HttpRequest) -> Callable[[], str | None]:
    query = parameters.form(request.query)
    found = credentials.presented(request, query)
    assert isinstance(found, Presented)
    assert found.signed is not None
    return found.signed.base_string


def test_parameters_that_are_signed_on_the_loop_are_bounded() -> None:
    few, many = "&a=1" * 500, "&a=1" * 700
    assert signed(get(f"/rest/mtsms?{OAUTH}{few}", host="x"))() is not None
    assert signed(get(f"/rest/mtsms?{OAUTH}{many}", host="x"))() is None
    assert signed(post(f"/rest/mtsms?{OAUTH}", many[1:], credentials.FORM, host="x"))() is None


def test_what_is_signed_of_a_long_request_is_made_where_it_is_read() -> None:
    body = "&".join(f"recipients.{n}.msisdn=4512345678" for n in range(2_000))
    assert len(body) > LONG_BODY
    make = signed(post(f"/rest/mtsms?{OAUTH}", body, credentials.FORM, host="x"))
    assert make() is not None
    assert make() is make()  # made once, and not when it is asked for
