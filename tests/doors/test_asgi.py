"""An ASGI application over the door's own connections, asked by raw sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import uvloop

from aldis.addresses import Networks
from aldis.app.entropy import Entropy
from aldis.clock import unix_s
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.asgi import MOST_WAITING, AsgiServer, Message
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.server import ServerSettings

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LIMITS = GuardLimits(header_octets=2000, trusted=Networks(["127.0.0.1"]))
GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


class App:
    """Does as the path says, and remembers what it was asked and how that ended."""

    def __init__(self) -> None:
        self.scopes: list[Message] = []
        self.ended: list[str] = []
        #: set when the application may go on
        self.may_go_on = asyncio.Event()
        self.octets = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.scopes.append(scope)
        ways: dict[str, Callable[[Receive, Send], Awaitable[None]]] = {
            "/echo": self.echo,
            "/unread": self.unread,
            "/pieces": self.pieces,
            "/live": self.live,
            "/held": self.held,
            "/later": self.later,
            "/empty": self.empty,
            "/lines": self.lines,
            "/cut": self.cut,
        }
        try:
            await ways[scope["path"]](receive, send)
        except BaseException as fault:
            self.ended.append(type(fault).__name__)
            raise
        self.ended.append("")

    async def echo(self, receive: Receive, send: Send) -> None:
        """Answer with the body, once all of it has come."""
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise EOFError
            body, more = body + message["body"], message["more_body"]
            self.octets = len(body)
        await self.unread(receive, send, body)

    async def unread(self, _receive: Receive, send: Send, body: bytes = b"no") -> None:
        """Answer without having read the body."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")]})
        await send({"type": "http.response.body", "body": body})

    async def pieces(self, _receive: Receive, send: Send) -> None:
        """Answer in pieces."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def live(self, receive: Receive, send: Send) -> None:
        """Say something, and end when the peer has left and the test says so."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"live", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        await self.may_go_on.wait()

    async def held(self, receive: Receive, send: Send) -> None:
        """Answer when the test says so."""
        await self.may_go_on.wait()
        await self.unread(receive, send)

    async def later(self, receive: Receive, send: Send) -> None:
        """Read the body when the test says so."""
        await self.may_go_on.wait()
        await self.echo(receive, send)

    async def empty(self, _receive: Receive, send: Send) -> None:
        """Answer without a body."""
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def lines(self, _receive: Receive, send: Send) -> None:
        """Try to write a header of two lines."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nset-cookie: b")]})
        await send({"type": "http.response.body", "body": b""})

    async def cut(self, _receive: Receive, send: Send) -> None:
        """Fail in the middle of an answer."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise LookupError


OURS = b"X-Ours: yes\r\n"


def late(request: HttpRequest) -> HttpReply:
    return HttpReply(503, b"text/plain", f"late {request.path}".encode())


@asynccontextmanager
async def serving(limits: GuardLimits = LIMITS) -> AsyncIterator[tuple[AsgiServer, App]]:
    app = App()
    server = AsgiServer(
        app, ServerSettings("127.0.0.1", 0, limits, grace_s=0.2), Entropy(), unix_s, late, OURS
    )
    await server.start()
    try:
        yield server, app
    finally:
        await server.stop()


async def said(server: AsgiServer, *octets: bytes) -> bytes:
    """Say these one after the other, and give all that is answered until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for each in octets:
        writer.write(each)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


CLOSE = b"Connection: close\r\n"


@pytest.mark.parametrize("octets", [0, 1, MOST_WAITING, MOST_WAITING * 20])
@pytest.mark.parametrize("piece", [1 << 30, 40_000], ids=["at once", "in pieces"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["announced", "chunked"])
async def test_a_body_comes_whole(octets: int, piece: int, *, is_chunked: bool) -> None:
    body = bytes(range(256)) * (octets // 256) + b"a" * (octets % 256)
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\n" + CLOSE
    if is_chunked:
        chunks = [body[start : start + 9_999] for start in range(0, len(body), 9_999)]
        framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        stream = head + b"Transfer-Encoding: chunked\r\n\r\n" + framed
    else:
        stream = head + b"Content-Length: %d\r\n\r\n" % octets + body
    async with serving() as (server, _):
        answer = await said(
            server, *(stream[start : start + piece] for start in range(0, len(stream), piece))
        )
        assert body_of(answer) == body


async def test_requests_behind_one_another_are_answered_in_their_order() -> None:
    async with serving() as (server, app):
        stream = (
            POST % (b"/echo", 3)
            + b"one"
            + GET % b"/pieces"
            + POST % (b"/echo", 3)
            + b"two"
            + LAST % b"/empty"
        )
        answer = await said(server, stream)
        assert answer.count(b"HTTP/1.1 20") == 4
        assert [scope["path"] for scope in app.scopes] == ["/echo", "/pieces", "/echo", "/empty"]
        assert (
            answer.index(b"\r\n\r\none")
            < answer.index(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
            < answer.index(b" 204 ")
        )


#: what is asked, and what the answer has and lacks
FRAMINGS = [
    (LAST % b"/unread", b"Content-Length: 2\r\n", b"Transfer-Encoding"),
    (LAST % b"/pieces", b"Transfer-Encoding: chunked\r\n", b"Content-Length"),
    (b"GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", CLOSE, b"Transfer-Encoding"),
    (b"GET /unread HTTP/1.0\r\n\r\n", CLOSE, b"keep-alive"),
    (LAST % b"/empty", b" 204 ", b"Content-Length"),
    (LAST.replace(b"GET", b"HEAD") % b"/pieces", b" 200 ", b"one"),
    (LAST.replace(b"GET", b"HEAD") % b"/unread", b" 200 ", b"no"),
    (LAST % b"/lines", b" 500 ", b"set-cookie"),
    (LAST % b"/cut", b"half", b"0\r\n\r\n"),
    (LAST % b"/missing", b" 500 ", b"KeyError"),
    (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b" 400 ", b" 200 "),
    (GET % b"/a" + b"\0", b" 500 ", b" 200 "),
    (GET[:-2] % b"/a" + b"X: " + b"x" * 3000, b" 431 ", b" 200 "),
    (b"GET / HTTP/1.1\r\n\r\n", b" 400 ", b" 200 "),
]


@pytest.mark.parametrize(("octets", "has", "lacks"), FRAMINGS)
async def test_how_answers_are_framed(octets: bytes, has: bytes, lacks: bytes) -> None:
    async with serving() as (server, _):
        answer = await said(server, octets)
        assert has in answer
        assert lacks not in answer


async def test_who_sends_what_nobody_reads_still_reads_the_answer() -> None:
    async with serving() as (server, app):
        answer = await said(server, POST % (b"/unread", 5_000_000), b"a" * 5_000_000)
        assert answer.endswith(b"no")
        assert CLOSE in answer
        assert app.octets == 0


async def test_a_client_is_told_to_go_on_when_its_body_is_wanted() -> None:
    async with serving() as (server, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write((POST % (b"/echo", 2))[:-2] + CLOSE + b"Expect: 100-continue\r\n\r\n")
        assert await reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok")
        assert body_of(await reader.read()) == b"ok"
        writer.close()
        answer = await said(
            server, (LAST % b"/unread")[:-2] + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_cannot_be_read_on_is_400() -> None:
    async with serving() as (server, app):
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        for stream in ([head + b"3\r\nabc\r\nzz\r\n"], [head + b"3\r\nabc\r\n", b"zz\r\n"]):
            assert (await said(server, *stream)).startswith(b"HTTP/1.1 400 ")
        assert app.ended == ["EOFError"] * 2


async def test_a_page_has_its_time_and_a_stream_goes_on() -> None:
    limits = GuardLimits(answer_s=0.2)
    async with serving(limits) as (server, app):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET % b"/live")
        answer = await said(server, GET % b"/held")
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert OURS in answer
        assert answer.endswith(b"late /held")
        assert app.ended == ["CancelledError"]
        await reader.readuntil(b"live")
        assert server.guard.open >= 1
        writer.close()
        app.may_go_on.set()


@pytest.mark.parametrize("stream", [POST % (b"/echo", 10) + b"half", (POST % (b"/echo", 10))[:-9], b""])
async def test_a_request_that_is_slow_is_408(stream: bytes) -> None:
    async with serving(GuardLimits(header_s=0.2, body_s=0.2)) as (server, _):
        assert (await said(server, stream)).startswith(b"HTTP/1.1 408 ")
        while server.guard.open:
            await asyncio.sleep(0)


async def test_no_more_of_a_body_is_read_than_the_application_takes() -> None:
    async with serving() as (server, app):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(POST % (b"/held", 1 << 26))
        writer.transport.set_write_buffer_limits(high=1 << 16)
        sent = 0
        with suppress(TimeoutError):
            while sent < 1 << 26:
                writer.write(b"a" * (1 << 18))
                await asyncio.wait_for(writer.drain(), 1)
                sent += 1 << 18
        assert sent < 1 << 24  # what the kernel's buffers take
        app.may_go_on.set()
        assert (await reader.readuntil(b"no")).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_who_leaves_keeps_the_slot_until_the_application_has_ended() -> None:
    async with serving() as (server, app):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET % b"/live")
        await reader.readuntil(b"live")
        writer.transport.abort()
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert (server.guard.open, app.ended) == (1, [])
        app.may_go_on.set()
        while server.guard.open:
            await asyncio.sleep(0)
        assert app.ended == [""]


def test_who_leaves_in_the_middle_of_a_body_is_only_gone() -> None:
    async def scenario() -> None:
        async with serving() as (server, app):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(POST % (b"/later", 1 << 26) + b"a" * (1 << 20))
            while not app.scopes:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)  # more than the application takes has come, and reading pauses
            writer.transport.abort()
            for _ in range(20):
                await asyncio.sleep(0.001)
            app.may_go_on.set()
            while server.guard.open:
                await asyncio.sleep(0)
            assert app.ended == ["EOFError"]

    uvloop.run(scenario())  # as the gateway runs


async def test_what_nobody_waits_for_any_more_is_ended() -> None:
    async with serving(GuardLimits(answer_s=0.1)) as (server, app):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET % b"/held")
        while not app.scopes:
            await asyncio.sleep(0)
        writer.transport.abort()
        while server.guard.open:
            await asyncio.sleep(0)
        assert app.ended == ["CancelledError"]


@pytest.mark.parametrize(
    ("trusted", "proto", "scheme"),
    [
        (["127.0.0.1"], b"https", "https"),
        (["127.0.0.1"], b"http", "http"),
        (["127.0.0.1"], b"gopher", "http"),
        (["10.0.0.0/8"], b"https", "http"),
    ],
)
async def test_a_proxy_that_is_believed_says_what_browsers_speak(
    trusted: list[str], proto: bytes, scheme: str
) -> None:
    async with serving(GuardLimits(trusted=Networks(trusted))) as (server, app):
        await said(server, (LAST % b"/unread")[:-2] + b"X-Forwarded-Proto: " + proto + b"\r\n\r\n")
        assert app.scopes[0]["scheme"] == scheme


async def test_stopping_ends_streams() -> None:
    async with serving() as (server, app):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET % b"/live")
        await reader.readuntil(b"live")
    assert app.ended == ["CancelledError"]
    writer.close()
