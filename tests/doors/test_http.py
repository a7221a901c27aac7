"""The HTTP server against RFC 9110 and RFC 9112: what a server must do, and what attackers try."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aldis.addresses import Networks
from aldis.app.entropy import Entropy
from aldis.clock import unix_s
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.server import HttpServer, ServerSettings
from tests.doors.stranger import Stranger, ask
from tests.fakes.certificates import self_signed

LIMITS = GuardLimits(body_octets=1000, body_s=0.3, idle_s=0.3, trusted=Networks(["127.0.0.1"]))


class Echo:
    """Answers with what it was asked, at once or when told."""

    def __init__(self) -> None:
        self.asked: list[HttpRequest] = []
        self.held: list[Callable[[], None]] = []
        self.holds = False

    def serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        self.asked.append(request)
        content = f"{request.method} {request.path} {request.query.decode()} ".encode() + request.body
        reply = HttpReply(200, b"text/plain", content)
        if self.holds:
            self.held.append(lambda: answer(reply))
        else:
            answer(reply)


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def server(echo: Echo) -> AsyncIterator[HttpServer]:
    made = HttpServer(echo.serve, ServerSettings("127.0.0.1", 0, LIMITS, grace_s=1), Entropy(), unix_s)
    await made.start()
    yield made
    await made.stop()


HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400),
        (HEAD + b"Content-Length: 4, 4\r\n\r\nabcd", 400),
        (HEAD + b"Content-Length: +4\r\n\r\nabcd", 400),
        (HEAD + b"Content-Length: -4\r\n\r\nabcd", 400),
        (HEAD + b"Content-Length: 0x4\r\n\r\nabcd", 400),
        (HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: identity\r\n\r\nabcd", 501),
        (HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\nabcd\n0\n\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcdX\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n", 400),
        (b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\nHost: x\n\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\n: x\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /a\x01b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /a\r\n\r\n", 505),
        (b"GET /a HTTP/1.2\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (HEAD + b"Expect: miracles\r\nContent-Length: 1\r\n\r\na", 417),
    ],
)
async def test_what_could_be_read_in_two_ways_is_not_read_at_all(
    server: HttpServer, echo: Echo, octets: bytes, status: int
) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(octets + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await stranger.answer())[0] == status
    assert await stranger.is_closed()
    assert echo.asked == []
    stranger.leave()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5), st.lists(st.integers(1, 30), max_size=20))
async def test_a_chunked_body_in_any_pieces_is_one_body(
    server: HttpServer, chunks: list[bytes], pieces: list[int]
) -> None:
    body = b"".join(b"%x;a=b\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nT: x\r\n\r\n"
    octets = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body
    stranger = await Stranger.at(server)
    for size in pieces:
        await stranger.say(octets[:size])
        octets = octets[size:]
    await stranger.say(octets)
    assert await stranger.answer() == (200, b"POST /a  " + b"".join(chunks))
    stranger.leave()


async def test_answers_come_in_the_order_of_the_requests(server: HttpServer, echo: Echo) -> None:
    echo.holds = True
    stranger = await Stranger.at(server)
    await stranger.say(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(5)))
    for number in range(5):
        while not echo.held:
            await asyncio.sleep(0)
        echo.held.pop()()
        assert await stranger.answer() == (200, b"GET /%d  " % number)
    stranger.leave()


async def test_a_client_that_waits_to_be_told_is_told(server: HttpServer) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert await stranger.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await stranger.say(b"ab")
    assert await stranger.answer() == (200, b"POST /a  ab")
    await stranger.say(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab")  # did not wait
    assert await stranger.answer() == (200, b"POST /a  ab")
    stranger.leave()


async def test_a_body_that_is_announced_too_large_is_not_waited_for(server: HttpServer, echo: Echo) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(HEAD + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
    assert (await stranger.answer())[0] == 200  # the dialects refuse it in their own words
    assert [(request.body, request.body_fits) for request in echo.asked] == [(b"", False)]
    assert await stranger.is_closed()
    stranger.leave()


async def test_head_gets_the_head_only(server: HttpServer) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await stranger.reader.readuntil(b"\r\n\r\n")
    assert b"Content-Length: 9\r\n" in head
    assert b"\r\nDate: " in head
    assert await stranger.answer() == (200, b"GET /b  ")
    stranger.leave()


@pytest.mark.parametrize("octets", [b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a HTTP/1.1\r\n\r\n"])
async def test_no_cache_keeps_an_answer_and_no_browser_makes_anything_of_it(
    server: HttpServer, octets: bytes
) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(octets)
    head = await stranger.reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines.count(b"Cache-Control: no-store") == 1
    assert lines.count(b"X-Content-Type-Options: nosniff") == 1
    assert lines.count(b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'") == 1
    stranger.leave()


@pytest.mark.parametrize(
    ("octets", "stays"),
    [
        (b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", False),
        (b"GET /a HTTP/1.0\r\n\r\n", False),
        (b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", False),
    ],
)
async def test_a_connection_stays_open_as_asked(server: HttpServer, octets: bytes, *, stays: bool) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(octets)
    head = (await stranger.reader.readuntil(b"\r\n\r\n")).lower()
    await stranger.reader.readexactly(8)
    assert (b"connection: close" in head) is not stays
    assert (b"connection: keep-alive" in head) is (stays and b"HTTP/1.0" in octets)
    if stays:
        await stranger.say(octets)
        assert (await stranger.answer())[0] == 200
    else:
        assert await stranger.is_closed()
    stranger.leave()


async def test_an_idle_connection_is_closed(server: HttpServer) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await stranger.answer())[0] == 200
    assert await stranger.is_closed()
    stranger.leave()


async def test_a_peer_that_does_not_read_is_left(server: HttpServer, echo: Echo) -> None:
    stranger = await Stranger.at(server)
    stranger.writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's streams have a transport
    request = HEAD + b"Content-Length: 900\r\n\r\n" + b"a" * 900
    try:
        while not stranger.writer.transport.is_closing():
            stranger.writer.write(request * 10)
            await asyncio.sleep(0.001)
    except ConnectionError:
        pass
    assert len(echo.asked) < 100_000
    stranger.leave()


async def test_who_asks_is_who_our_proxy_says(server: HttpServer, echo: Echo) -> None:
    head = b"GET /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.9.9.9, 192.0.2.7\r\nX-Forwarded-For: 127.0.0.1\r\n"
    await ask(server, head + b"\r\n")
    assert echo.asked[0].peer == "192.0.2.7"


@pytest.mark.parametrize("target", [b"/a%20b?c=d", b"http://x/a%20b?c=d"])
async def test_the_path_is_decoded_and_the_query_is_not(
    server: HttpServer, echo: Echo, target: bytes
) -> None:
    await ask(server, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (echo.asked[0].path, echo.asked[0].query) == ("/a b", b"c=d")


async def test_stopping_answers_what_came_whole(server: HttpServer, echo: Echo) -> None:
    echo.holds = True
    stranger, idle = await Stranger.at(server), await Stranger.at(server)
    await stranger.say(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    while not echo.held:
        await asyncio.sleep(0)
    stopping = asyncio.create_task(server.stop())
    assert await idle.is_closed()
    echo.held.pop()()
    assert await stranger.answer() == (200, b"GET /a  ")
    assert await stranger.is_closed()
    await stopping
    for each in (stranger, idle):
        each.leave()


@pytest.mark.slow
async def test_https_with_a_certificate(echo: Echo, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "x")
    made = HttpServer(
        echo.serve, ServerSettings("127.0.0.1", 0, LIMITS, certificate, key, grace_s=1), Entropy(), unix_s
    )
    await made.start()
    trust = ssl.create_default_context(cafile=certificate)
    trust.check_hostname = False
    reader, writer = await asyncio.open_connection("127.0.0.1", made.port, ssl=trust)
    writer.write(HEAD + b"Content-Length: 2\r\n\r\nab")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    await made.stop()


async def test_a_trailer_does_not_pass_for_a_header(server: HttpServer, echo: Echo) -> None:
    head = HEAD + b"Transfer-Encoding: chunked\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n"
    await ask(server, head + b"1\r\na\r\n0\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n")
    assert echo.asked[0].peer == "192.0.2.7"


async def test_a_second_body_in_the_read_that_ends_the_first_is_no_frame(echo: Echo) -> None:
    limits = GuardLimits(body_octets=200_000)
    made = HttpServer(echo.serve, ServerSettings("127.0.0.1", 0, limits, grace_s=1), Entropy(), unix_s)
    await made.start()
    stranger = await Stranger.at(made)
    request = HEAD + b"Content-Length: 150000\r\n\r\n" + b"a" * 150_000
    await stranger.say(request[:1000])
    await asyncio.sleep(0.01)
    await stranger.say(request[1000:] + request[:140_000])
    await stranger.say(request[140_000:])
    assert [(await stranger.answer())[0] for _ in range(2)] == [200, 200]
    stranger.leave()
    await made.stop()


async def test_a_request_that_fails_is_answered_and_the_others_are_served(echo: Echo) -> None:
    def serve(request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        if request.path == "/bad":
            raise LookupError("bad")
        echo.serve(request, answer)

    made = HttpServer(serve, ServerSettings("127.0.0.1", 0, LIMITS, grace_s=1), Entropy(), unix_s)
    await made.start()
    bad, good = await Stranger.at(made), await Stranger.at(made)
    await bad.say(b"GET /bad HTTP/1.1\r\nHost: x\r\n\r\n")
    await good.say(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await bad.answer())[0] == 500
    assert await good.answer() == (200, b"GET /a  ")
    for each in (bad, good):
        each.leave()
    await made.stop()
