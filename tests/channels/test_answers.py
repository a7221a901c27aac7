"""What counts as an answer: a status line that was read, whatever follows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.scripted import OK, Scripted

from aldis.channels.http.answer import body_of, retry_after_of, status_of
from aldis.channels.http.client import HttpChannel
from aldis.channels.http.wire import Wire
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

LOOPBACK = (ip_network("127.0.0.0/8"),)

#: what came → the status; None: nobody has answered
ANSWERS = [
    ("a folded header, which a user agent must take (RFC 9112 §5.2)", b"HTTP/1.1 200 OK\r\nX: a,\r\n b\r\nContent-Length: 2\r\n\r\nOK", 200),
    ("blanks behind a chunk's size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nOK\r\n0\r\n\r\n", 200),
    ("no chunk's size at all", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nOK", 200),
    ("a header line without a colon", b"HTTP/1.1 200 OK\r\nX-Frame-Options DENY\r\nContent-Length: 2\r\n\r\nOK", 200),
    ("a blank before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nOK", 200),
    ("a name that is no token", b"HTTP/1.1 200 OK\r\nX(y): 2\r\n\r\nOK", 200),
    ("an octet that no header may hold", b"HTTP/1.1 200 OK\r\nX: \x00\x01\r\n\r\nOK", 200),
    ("CRLF, but LF behind the last header (CGI)", b"HTTP/1.1 200 OK\r\nContent-type: text/plain\n\nOK", 200),
    ("LF alone (RFC 9112 §2.2)", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nOK", 200),
    ("a length beside chunks (RFC 9112 §6.3)", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", 200),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nOK", 200),
    ("a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nOK", 200),
    ("a transfer coding that nobody knows", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nOK", 200),
    ("a head without end", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 100_000, 200),
    ("a body without end", b"HTTP/1.1 500 Oops\r\n\r\n" + b"a" * 100_000, 500),
    ("cut in the head", b"HTTP/1.1 503 Busy\r\nRetry-Af", 503),
    ("no phrase, and no blank for it", b"HTTP/1.1 204\r\n\r\n", 204),
    ("two blanks", b"HTTP/1.1  404 Not Found\r\n\r\n", 404),
    ("a proxy's version", b"HTTP/2 200 \r\n\r\n", 200),
    ("empty lines before it", b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
    ("UTF-8 in the phrase", "HTTP/1.1 400 Ungültig\r\n\r\n".encode(), 400),
    ("a status of the vendor's own", b"HTTP/1.1 999 Denied\r\n\r\n", 999),
    ("an interim answer, then a bad one", b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nbad\r\n\r\n", 200),
    ("an interim answer in LF, then LF", b"HTTP/1.1 100 Continue\n\nHTTP/1.1 201 Created\n\n", 201),
    ("an offer to upgrade", b"HTTP/1.1 200 OK\r\nUpgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nOK", 200),
    ("a refusal that leads elsewhere", b"HTTP/1.1 307 Moved\r\nLocation\r\n\r\n", 307),
    ("HTTP in small letters", b"http/1.1 200 ok\r\n\r\n", 200),
    ("a version of one digit", b"HTTP/3 202\r\n\r\n", 202),
    ("two status lines", b"HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 200),
    ("tabs for blanks", b"HTTP/1.1\t201\tCreated\r\n\r\n", 201),
    ("no more than an interim answer", b"HTTP/1.1 100 Continue\r\n\r\n", None),
    ("a change of protocol", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", None),
    ("half a status line", b"HTTP/1.1 200 O", None),
    ("half a status", b"HTTP/1.1 20\r\n\r\n", None),
    ("HTTP 0.9", b"OK\r\n", None),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n", None),
]  # fmt: skip


@pytest.fixture
async def channel() -> AsyncIterator[HttpChannel]:
    made = HttpChannel()
    yield made
    await made.close()


async def post(channel: HttpChannel, url: str, total_s: float = 5.0) -> Answer:
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    request, limits = PostbackRequest("POST", url, (), b"x"), Limits(2.0, total_s, LOOPBACK)
    channel.post(request, limits, answered.set_result)
    return await answered


@pytest.mark.parametrize("closes", [True, False], ids=["then closes", "then says no more"])
async def test_a_status_line_that_was_read_is_the_answer(channel: HttpChannel, *, closes: bool) -> None:
    async def told(octets: bytes) -> int | None:
        async with Scripted([octets], closes=closes) as url:
            return (await post(channel, url, total_s=5.0 if closes else 0.3)).status

    found = await asyncio.gather(*(told(octets) for _, octets, _ in ANSWERS))
    assert dict(zip((name for name, *_ in ANSWERS), found, strict=True)) == {
        name: status for name, _, status in ANSWERS
    }


class Peer(asyncio.Transport):
    """The transport's half of a connection, without a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed


@given(
    st.integers(200, 599),
    st.binary(max_size=300),
    st.lists(st.integers(1, 40), max_size=20),
    st.sampled_from(["\r\n", "\n"]),
)
def test_whatever_follows_in_whatever_pieces(status: int, rest: bytes, cuts: list[int], end: str) -> None:
    octets = f"HTTP/1.1 {status} So{end}".encode() + rest
    wire, told = Wire(), list[tuple[int, Exception | None]]()
    wire.connection_made(cast("asyncio.BaseTransport", Peer()))
    wire.ask(b"", 1.0, lambda status, fault: told.append((status, fault)))
    for cut in (*cuts, len(octets)):
        if octets[:cut]:
            wire.data_received(octets[:cut])
        octets = octets[cut:]
    wire.sweep(2.0)
    wire.connection_lost(None)
    assert told == [(status, None)]


@given(st.binary(max_size=300))
def test_nothing_that_comes_makes_it_fail(octets: bytes) -> None:
    for each in (octets, b"HTTP/1.1 200 OK\r\n" + octets, b"HTTP/1.1 200 OK\r\n\r\n" + octets):
        assert status_of(each) in (0, 200) or not each.startswith(b"HTTP/1.1 200")
        assert "\n" not in retry_after_of(each)
        assert "\0" not in body_of(each)


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"HTTP/1.1 503 x\r\nRetry-After: 120\r\n\r\n", "120"),
        (b"HTTP/1.1 429 x\nretry-after:Wed, 21 Oct 2026 07:28:00 GMT\n\n", "Wed, 21 Oct 2026 07:28:00 GMT"),
        (b"HTTP/1.1 503 x\r\nA: b\r\n\r\nRetry-After: 5", ""),  # that is its body
        (b"HTTP/1.1 503 x\r\nRetry-After: 1", "1"),  # cut short
        (b"HTTP/1.1 103 x\r\nRetry-After: 1\r\n\r\nHTTP/1.1 503 x\r\nRetry-After: 2\r\n\r\n", "2"),
        (b"HTTP/1.1 503 x\r\nX-Retry-After: 1\r\n\r\n", ""),
        (b"Retry-After: 1\r\n\r\n", ""),
    ],
)
def test_when_an_endpoint_wants_to_be_asked_again(octets: bytes, value: str) -> None:
    assert retry_after_of(octets) == value


@pytest.mark.parametrize(
    ("octets", "body"),
    [
        (b"HTTP/1.1 400 x\r\nContent-Length: 4\r\n\r\nno: x", "no: "),
        (b"HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n", "no!"),
        (b"HTTP/1.1 400 x\r\n\r\nuntil the end", "until the end"),
        (b"HTTP/1.1 400 x\nbad\n\nsaid all the same", "said all the same"),
        (b"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 400 x\nbad\n\nsaid", "said"),
        (b"HTTP/1.1 400 x\r\n\r\n" + b"\xff\x00", "\ufffd\ufffd"),
        (b"HTTP/1.1 400 x\r\n\r\n" + b"a" * 10_000, "a" * 2_048),
        (b"HTTP/1.1 400 x\r\nA: b", ""),
        (b"", ""),
    ],
)
def test_what_an_endpoint_said(octets: bytes, body: str) -> None:
    assert body_of(octets) == body


async def test_a_body_that_does_not_end_costs_a_moment(channel: HttpChannel) -> None:
    async with Scripted([b"HTTP/1.0 200 OK\r\n\r\nOK"], closes=False) as url:
        begun = asyncio.get_running_loop().time()
        assert (await post(channel, url, total_s=30.0)).status == 200
        assert asyncio.get_running_loop().time() - begun < 10.0


def test_an_idle_connection_is_kept() -> None:
    wire, peer, told = Wire(), Peer(), list[int]()
    wire.connection_made(cast("asyncio.BaseTransport", peer))
    wire.ask(b"", 1.0, lambda status, _fault: told.append(status))
    wire.data_received(OK)
    for now in (0.5, 5.0, 10.0):
        wire.sweep(now)
    assert (told, peer.closed, wire.is_reusable) == ([200], False, True)


@pytest.mark.parametrize(
    ("answer", "behind"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", [b"OK"]),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 15\r\n\r\n", [b"<html>", b"OK</html>"]),
        (OK, [b"more", b" and more"]),
        (OK, [b"{}\r\n"]),
        (OK, [b"\r\n\r\n"]),
        (OK, [b"\0" * 100_000]),
        (OK, []),
    ],
)
@pytest.mark.parametrize("apart", [True, False])
def test_what_stands_behind_an_answer_is_none_to_the_next_request(
    answer: bytes, behind: list[bytes], *, apart: bool
) -> None:
    wire, told = Wire(), list[int]()
    wire.connection_made(cast("asyncio.BaseTransport", Peer()))
    wire.ask(b"", 1.0, lambda status, _fault: told.append(status))
    wire.data_received(answer)
    wire.ask(b"", 1.0, lambda status, _fault: told.append(status))
    next_answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
    for octets in [*behind, next_answer] if apart else [b"".join(behind) + next_answer]:
        wire.data_received(octets)
    assert told == [int(answer.split()[1]), 202]
    assert wire.is_reusable


async def test_what_was_said_beside_the_status_is_told(channel: HttpChannel) -> None:
    octets = b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy"
    async with Scripted([octets]) as url:
        assert await post(channel, url) == Answer(503, "", "7", "busy")


@pytest.mark.parametrize("more", [b"\r\n", b"\r\n\r\n", b"\n"])
async def test_line_ends_behind_a_body_are_nothing(channel: HttpChannel, more: bytes) -> None:
    server = Scripted([OK + more, OK + more, OK])
    async with server as url:
        assert [(await post(channel, url)).status for _ in range(3)] == [200] * 3
    assert len(server.requests) == 3
