"""How endpoints are reached: their addresses one after another, all judged, or through the operator's proxy."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.certificates import self_signed
from tests.fakes.scripted import OK, Scripted

from aldis.accounts.account import Network
from aldis.channels.http.client import HttpChannel
from aldis.channels.http.guard import AddressNotAllowed, check_name
from aldis.channels.http.proxy import Proxy, read_proxy
from aldis.channels.http.request import Origin, write
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


async def post(
    channel: HttpChannel, url: str, networks: tuple[Network, ...] = LOOPBACK, total_s: float = 5.0
) -> Answer:
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    request = PostbackRequest("POST", url, (("X-Mine", "1"),), b"x")
    channel.post(request, Limits(2.0, total_s, networks), answered.set_result)
    return await answered


@asynccontextmanager
async def through(proxy: Proxy | None) -> AsyncIterator[HttpChannel]:
    channel = HttpChannel(proxy)
    yield channel
    await channel.close()


async def test_endpoints_speak_tls_1_2_or_better() -> None:
    async with through(None) as channel:
        assert channel._connector._tls.minimum_version is ssl.TLSVersion.TLSv1_2


# ── addresses ──


class Node(NamedTuple):
    family: int
    addr: tuple[Any, ...]


class Found(NamedTuple):
    nodes: list[Node]


class Names:
    """A resolver that knows what a test tells it."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def getaddrinfo(self, _host: str, *, port: int, **_more: Any) -> Found:
        return Found(
            [
                Node(socket.AF_INET6, (address.encode(), port, 0, 0))
                if ":" in address
                else Node(socket.AF_INET, (address.encode(), port))
                for address in self.addresses
            ]
        )

    async def close(self) -> None:
        """Nothing to let go of."""


@contextmanager
def swallowing(port: int) -> Iterator[str]:
    """An address whose port answers no SYN: its queue of connections is full."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.2", port))
        listening.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(("127.0.0.2", port))
        yield "127.0.0.2"


def port_of(url: str) -> int:
    return int(url.rstrip("/").rpartition(":")[2])


async def test_an_address_that_swallows_packets_costs_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with through(None) as channel, Scripted([OK]) as url:
        with swallowing(port_of(url)) as dead:
            monkeypatch.setattr(channel._connector._resolver, "_dns", Names(dead, "127.0.0.1"))
            answer = await post(channel, f"http://two.example:{port_of(url)}/")
            assert answer.status == 200  # one after the other, the first would have had all the time there is


@pytest.mark.parametrize(
    ("addresses", "status"),
    [
        (("::1", "127.0.0.1"), 200),  # nobody listens there
        (("127.0.0.1", "::1"), 200),
        (("127.0.0.3", "127.0.0.4", "127.0.0.1"), 200),
        (("127.0.0.3", "127.0.0.4"), None),
        ((), None),
    ],
)
async def test_a_name_is_reached_at_any_of_its_addresses(
    addresses: tuple[str, ...], status: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with through(None) as channel, Scripted([OK]) as url:
        monkeypatch.setattr(channel._connector._resolver, "_dns", Names(*addresses))
        answer = await post(channel, f"http://name.example:{port_of(url)}/")
    assert answer.status == status
    assert bool(answer.fault) is (status is None)


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("10.0.0.1", "127.0.0.1", "::1"),
        ("::ffff:127.0.0.1",),
        ("64:ff9b::7f00:1", "127.0.0.1"),
    ],
)
async def test_every_address_that_is_tried_is_judged(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Scripted([OK])
    async with through(None) as channel, server as url:
        monkeypatch.setattr(channel._connector._resolver, "_dns", Names(*addresses))
        answer = await post(channel, f"http://name.example:{port_of(url)}/", networks=())
    assert (answer.status, server.connections) == (None, 0)
    assert "not a public address" in answer.fault


# ── the operator's proxy ──


async def test_a_plain_endpoint_is_named_whole_to_the_proxy() -> None:
    proxy = Scripted([OK] * 2)
    async with proxy as url, through(Proxy("127.0.0.1", port_of(url), "Basic eDp5")) as channel:
        assert (await post(channel, "http://u:p@customer.example:8080/a?b=c", networks=())).status == 200
    (request,) = proxy.requests
    head = request.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[:2] == [b"POST http://customer.example:8080/a?b=c HTTP/1.1", b"Host: customer.example:8080"]
    assert b"Proxy-Authorization: Basic eDp5" in head
    assert b"Authorization: Basic dTpw" in head


class Tunnel:
    """A proxy that knows CONNECT, and connects to one place whatever it is asked for."""

    def __init__(self, port: int, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        self.port = port
        self.answer = answer
        self.asked: list[bytes] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        if b" 200 " not in self.answer:
            writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(outer)
        await asyncio.gather(_copy(reader, outer), _copy(inner, writer))

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return Proxy("127.0.0.1", self._server.sockets[0].getsockname()[1], "Basic eDp5")

    async def __aexit__(self, *_fault: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while octets := await reader.read(65_536):
            writer.write(octets)
    writer.close()


@pytest.mark.slow
async def test_an_endpoint_with_tls_is_reached_by_a_tunnel(tmp_path: Path) -> None:
    certificate, key = self_signed(
        tmp_path, "customer.example", "-addext", "subjectAltName=DNS:customer.example"
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    requests = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(1)  # its body
            writer.write(OK)
        await reader.read()
        writer.close()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    tunnel = Tunnel(server.sockets[0].getsockname()[1])
    async with tunnel as proxy, through(proxy) as channel:
        channel._connector._tls.load_verify_locations(certificate)
        assert (await post(channel, "https://customer.example/a", networks=())).status == 200
        channel._connector._proxy = None  # it is asked no second time: the connection is kept
        assert (await post(channel, "https://customer.example/b", networks=())).status == 200
        server.close()
    await gone.wait()
    assert tunnel.asked == [
        b"CONNECT customer.example:443 HTTP/1.1\r\nHost: customer.example:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n"
    ]
    assert requests[0].startswith(b"POST /a HTTP/1.1\r\nHost: customer.example\r\n")
    assert b"Proxy-Authorization" not in requests[0]


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy answered 407"),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", "the proxy answered 429"),
        (b"SOCKS?\r\n\r\n", "the proxy answered no HTTP"),
        (b"", "the proxy did not answer in HTTP"),
    ],
)
async def test_a_proxy_that_does_not_work_for_us_is_a_fault_of_ours_in_words(
    octets: bytes, fault: str
) -> None:
    async with Tunnel(1, octets) as proxy, through(proxy) as channel:
        answer = await post(channel, "https://customer.example/", networks=())
        assert answer == Answer(None, fault, local="proxy")


@pytest.mark.parametrize("status", [403, 502, 503, 504])
async def test_what_a_proxy_says_of_an_endpoint_is_the_endpoints_fault_in_words(status: int) -> None:
    octets = f"HTTP/1.0 {status} Whatever\r\nX: y\r\n\r\nbody".encode()
    async with Tunnel(1, octets) as proxy, through(proxy) as channel:
        answer = await post(channel, "https://customer.example/", networks=())
        assert answer == Answer(None, f"the proxy answered {status}")


async def test_nothing_goes_beside_a_proxy_that_is_away() -> None:
    server = Scripted([OK])
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with server as url, through(Proxy("127.0.0.1", nobody.getsockname()[1])) as channel:
            for address in (url, url.replace("http:", "https:")):
                assert (await post(channel, address)).status is None
    assert server.connections == 0


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("customer.example", True),
        ("93.184.216.34", True),
        ("127.0.0.1", False),
        ("127.1", False),
        ("2130706433", False),
        ("0x7f.0.0.1", False),
        ("017700000001", False),
        ("localhost", False),
        ("LOCALHOST.", False),
        ("metadata.localhost", False),
        ("127.0.0.1.", False),
        ("169.254.169.254", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
    ],
)
def test_what_is_an_address_already_is_judged_before_the_proxy(host: str, *, allowed: bool) -> None:
    if allowed:
        check_name(host, ())
        return
    with pytest.raises(AddressNotAllowed):
        check_name(host, ())


def test_an_accounts_own_networks_count_there_too() -> None:
    check_name("127.1", LOOPBACK)
    check_name("localhost", LOOPBACK)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("", None),
        ("http://proxy.example", Proxy("proxy.example", 3128)),
        ("http://proxy.example:8888/", Proxy("proxy.example", 8888)),
        ("http://u%40x:p%3A@[::1]:1", Proxy("::1", 1, "Basic dUB4OnA6")),
    ],
)
def test_how_a_proxy_is_named(url: str, proxy: Proxy | None) -> None:
    assert read_proxy(url) == proxy


@pytest.mark.parametrize(
    "url", ["https://x", "socks5://x", "x:3128", "http://", "http://x/path", "http://x:99999"]
)
def test_what_is_no_proxy(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_proxy(url)


# ── user and password ──


@pytest.mark.parametrize(
    ("user", "line"),
    [
        ("user:password@", b"Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n"),
        ("user@", b"Authorization: Basic dXNlcjo=\r\n"),
        ("us%40er:p%3Aw@", b"Authorization: Basic dXNAZXI6cDp3\r\n"),
        ("J%C3%BCrgen:%E2%82%AC@", b"Authorization: Basic SsO8cmdlbjrigqw=\r\n"),
        ("Jürgen:€@", b"Authorization: Basic SsO8cmdlbjrigqw=\r\n"),
        ("", b""),
    ],
)
def test_user_and_password_become_basic(user: str, line: bytes) -> None:
    origin, octets = write(PostbackRequest("POST", f"https://{user}customer.example/a"))
    assert origin == Origin(is_tls=True, host="customer.example", port=443)
    assert octets.startswith(b"POST /a HTTP/1.1\r\nHost: customer.example\r\n")
    assert (line in octets, b"Authorization" in octets) == (True, bool(line))


def test_a_header_of_the_endpoints_own_goes_before() -> None:
    request = PostbackRequest("POST", "https://u:p@x.example/", (("authorization", "Bearer 1"),))
    assert write(request)[1].lower().count(b"authorization") == 1


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_user_and_no_password_breaks_a_line(user: str, password: str) -> None:
    try:
        _, octets = write(PostbackRequest("POST", f"https://{user}:{password}@x.example/"))
    except ValueError:
        return
    head = octets.partition(b"\r\n\r\n")[0]
    assert all(line.count(b"\r") == 0 for line in head.split(b"\r\n"))
    assert len(head.split(b"\r\n")) <= 7
