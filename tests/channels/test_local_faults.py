"""Whose fault it is that a postback could not be tried: the endpoint's, or that of this machine."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.certificates import self_signed
from tests.fakes.names import NOERROR, NXDOMAIN, REFUSED, SERVFAIL, NameServer
from tests.fakes.scripted import OK, Scripted

from aldis.channels.http.client import HttpChannel
from aldis.channels.http.connecting import _local_errno
from aldis.channels.http.proxy import Proxy
from aldis.channels.http.resolver import MAX_ADDRESSES, Resolver
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

LOOPBACK = (ip_network("127.0.0.0/8"),)


async def post(channel: HttpChannel, url: str, connect_s: float = 2.0) -> Answer:
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    channel.post(PostbackRequest("POST", url), Limits(connect_s, 5.0, LOOPBACK), answered.set_result)
    return await answered


@asynccontextmanager
async def a_channel(proxy: Proxy | None = None, names: int = 0, **more: int) -> AsyncIterator[HttpChannel]:
    """A channel; `names`: the port of its name server."""
    channel = HttpChannel(proxy, **more)
    if names:
        await channel._connector._resolver.close()
        channel._connector._resolver = Resolver(("127.0.0.1",), names)
    try:
        yield channel
    finally:
        await channel.close()


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Have no file descriptor free, as where a thousand clients are connected."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as probe:
        lowest = probe.fileno()  # all below are taken
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_no_descriptor_is_a_fault_of_ours_and_idle_connections_are_given_up_for_it() -> None:
    async with a_channel() as channel, Scripted([OK, None]) as url, Scripted([OK]) as other:
        await asyncio.gather(*(post(channel, url) for _ in range(4)))
        assert channel.connections() == (4, 4)
        with no_descriptors():
            answer = await post(channel, other)
            assert (answer.status, answer.local) == (None, "EMFILE")
            assert channel.connections()[1] == 2
            await asyncio.sleep(0)  # sockets are closed in the next turn
            assert (await post(channel, other)).status == 200


async def test_the_last_idle_connection_is_given_up_too() -> None:
    async with a_channel() as channel, Scripted([OK, None]) as url, Scripted([OK]) as other:
        await post(channel, url)
        with no_descriptors():
            assert (await post(channel, other)).local == "EMFILE"
            assert channel.connections() == (0, 0)


async def test_idle_connections_are_kept_where_they_would_not_help() -> None:
    async with NameServer({}) as names:
        pass
    async with a_channel(names=names.port) as channel, Scripted([OK, None]) as url:
        await post(channel, url)
        assert (await post(channel, "http://customer.example/")).local == "resolver"
        assert channel.connections() == (1, 1)


IPV4: Any = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 80))
IPV6: Any = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("2001:db8::1", 80, 0, 0))


def met(code: int) -> OSError:
    return OSError(code, os.strerror(code))


@pytest.mark.parametrize(
    ("fault", "addresses", "local"),
    [
        *(
            (met(code), [IPV4], errno.errorcode[code])
            for code in (
                errno.EMFILE,
                errno.ENFILE,
                errno.ENOBUFS,
                errno.ENOMEM,
                errno.EACCES,
                errno.EPERM,
                errno.ENETDOWN,
                errno.EADDRNOTAVAIL,
                errno.ENETUNREACH,
            )
        ),
        (met(errno.EMFILE), [IPV6], "EMFILE"),
        # a machine without IPv6 is not to blame for an endpoint that has nothing else
        (met(errno.EADDRNOTAVAIL), [IPV6], ""),
        (met(errno.ENETUNREACH), [IPV6], ""),
        (met(errno.EAFNOSUPPORT), [IPV6], ""),
        (OSError(f"Multiple exceptions: {met(101)}, {met(99)}"), [IPV6, IPV4], "EADDRNOTAVAIL"),
        (OSError(f"Multiple exceptions: {met(101)}, {met(24)}"), [IPV6, IPV4], "EMFILE"),
        (OSError(f"Multiple exceptions: {met(101)}, {met(111)}"), [IPV6, IPV4], ""),
        (OSError("Multiple exceptions: 10.0.0.1 is not a public address, [Errno 111] x"), [IPV4], ""),
        (met(errno.ECONNREFUSED), [IPV4], ""),
        (met(errno.EHOSTUNREACH), [IPV4], ""),
        (met(errno.ECONNRESET), [IPV4], ""),
        (TimeoutError(), [IPV4], ""),
        (OSError("the name has no address"), [], ""),
        (ValueError("x"), [IPV4], ""),
    ],
)
def test_what_is_this_machines_fault(fault: Exception, addresses: list[Any], local: str) -> None:
    assert _local_errno(fault, addresses) == local


@pytest.mark.parametrize(
    ("said", "root", "local"),
    [
        (NXDOMAIN, NOERROR, ""),
        (NXDOMAIN, SERVFAIL, ""),  # whoever says that has looked
        (NOERROR, None, ""),  # there is such a name, without an address
        (SERVFAIL, NOERROR, ""),  # the name servers of the name are to blame
        (SERVFAIL, SERVFAIL, "resolver"),
        (SERVFAIL, REFUSED, "resolver"),
        (REFUSED, REFUSED, "resolver"),
        (REFUSED, NOERROR, ""),
        (None, NOERROR, ""),
        (None, SERVFAIL, "resolver"),
    ],
)
async def test_whose_fault_it_is_that_a_name_is_not_found(
    said: int | None, root: int | None, local: str
) -> None:
    async with NameServer({"customer.example": said}, root) as names, a_channel(names=names.port) as channel:
        for _ in range(2):
            answer = await post(channel, "http://customer.example/", connect_s=0.4)
            assert (answer.status, answer.local) == (None, local)
    assert names.asked.count("") <= 4  # of the second it is known, whatever the library repeats


async def test_name_servers_that_are_away_are_a_fault_of_ours() -> None:
    async with NameServer({}) as names:
        pass
    async with a_channel(names=names.port) as channel:
        assert (await post(channel, "http://customer.example/")).local == "resolver"


async def test_an_address_needs_no_name_server() -> None:
    async with NameServer({}) as names:
        pass
    async with a_channel(names=names.port) as channel, Scripted([OK]) as url:
        assert await post(channel, url) == Answer(200)


async def test_a_few_of_a_names_addresses_are_tried() -> None:
    class Node:
        def __init__(self, number: int, family: int) -> None:
            self.family, self.addr = family, (f"192.0.2.{number}".encode(), 80)

    families = (socket.AF_INET, socket.AF_INET6)

    class Many:
        def __init__(self) -> None:
            self.nodes = [Node(number, family) for number in range(50) for family in families]

        async def getaddrinfo(self, *_: Any, **_more: Any) -> Many:
            return self

        async def close(self) -> None:
            """Nothing to let go of."""

    resolver = Resolver()
    await resolver._dns.close()
    resolver._dns = Many()  # type: ignore[assignment]
    found = await resolver.addresses("many.example", 80)
    await resolver.close()
    assert len(found) == MAX_ADDRESSES
    assert {family for family, *_ in found} == {socket.AF_INET, socket.AF_INET6}


async def test_a_proxy_that_is_away_is_a_fault_of_ours() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        proxy = Proxy("127.0.0.1", nobody.getsockname()[1])
        async with a_channel(proxy) as channel:
            for url in ("http://customer.example/", "https://customer.example/"):
                assert (await post(channel, url)).local == "proxy"
            assert (await post(channel, "http://127.0.0.2/")).local == "proxy"
            assert (await post(channel, "http://10.0.0.1/")).local == ""  # where it may not go anyway


@pytest.mark.parametrize(("status", "local"), [(407, "proxy"), (429, ""), (503, ""), (200, "")])
async def test_a_proxy_that_does_not_know_us_is_a_fault_of_ours(status: int, local: str) -> None:
    octets = f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode()
    async with Scripted([octets]) as url:
        port = int(url.rstrip("/").rpartition(":")[2])
        async with a_channel(Proxy("127.0.0.1", port)) as channel:
            answer = await post(channel, "http://customer.example/")
    assert (answer.local, answer.status) == (local, None if local else status)


@pytest.mark.slow
@pytest.mark.parametrize("knows", [True, False])
async def test_no_authority_to_believe_is_a_fault_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, knows: bool
) -> None:
    (tmp_path / "authorities").mkdir()
    if knows:
        (tmp_path / "authorities" / "one.0").touch()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "authorities"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*self_signed(tmp_path, "localhost"))
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with a_channel() as channel:
        answer = await post(channel, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    server.close()
    assert "CERTIFICATE_VERIFY_FAILED" in answer.fault
    assert answer.local == ("" if knows else "authorities")


async def test_no_thread_to_convert_a_name_in_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async with a_channel() as channel:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            answer = await post(channel, "http://b\u00fccher.example/")
    assert answer == Answer(None, "can't start new thread", local="threads")


async def test_idle_connections_are_bounded_in_all_and_the_oldest_are_closed_first() -> None:
    servers = [Scripted([OK] * 2, closes=False) for _ in range(6)]
    async with a_channel(most_idle=3) as channel:
        urls = [await server.__aenter__() for server in servers]
        for url in urls:
            await post(channel, url)
        assert channel.connections() == (3, 3)
        for url in urls[3:]:
            await post(channel, url)
        assert [server.connections for server in servers] == [1] * 6  # those used last were kept
        await post(channel, urls[0])
        assert servers[0].connections == 2
        for server in servers:
            await server.__aexit__()


async def test_connections_are_bounded_in_all_whoever_they_lead_to() -> None:
    servers = [Scripted([OK] * 2, closes=False) for _ in range(6)]
    async with a_channel(most=4, most_idle=100) as channel:
        urls = [await server.__aenter__() for server in servers]
        for url in urls * 2:
            await post(channel, url)
            assert channel.connections()[0] <= 4
        for server in servers:
            await server.__aexit__()
