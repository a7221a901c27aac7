"""The postback channel: where it may go, and what it makes of what it meets there."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
import uvloop
from tests.fakes.certificates import self_signed
from tests.fakes.customer import FakeCustomer, silent_server
from tests.fakes.scripted import OK, Scripted

from aldis.channels.http.client import HttpChannel
from aldis.channels.http.guard import is_allowed
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),  # NAT64 of 169.254.169.254
        ("64:ff9b::5db8:d822", True),  # NAT64 of a public address
        ("2002:7f00:1::1", False),  # 6to4 of 127.0.0.1
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("2000::1", True),  # global unicast ends at both borders of 2000::/3
        ("3fff:1000::1", True),
        ("1fff:ffff::1", False),
        ("4000::1", False),
        ("5f00::1", False),  # segment routing, RFC 9602
        ("8000::1", False),
        ("3fff::1", False),  # documentation, RFC 9637
        ("64:ff9b:1::5db8:d822", False),  # NAT64 for local use: where the IPv4 address stands is its owner's
        ("64:ff9b:1:5db8:d8:2200::", False),
        ("64:ff9b:0:1::5db8:d822", False),
        ("::5db8:d822", False),  # IPv4-compatible
        ("::ffff:0:5db8:d822", False),  # IPv4-translated
        ("::ffff:93.184.216.34", True),
        ("2002:5db8:d822::1", True),
        ("2001:0:5db8:d822::1", False),  # Teredo
    ],
)
def test_where_postbacks_may_go(address: str, *, allowed: bool) -> None:
    assert is_allowed(address, ()) is allowed


def test_an_account_may_have_private_networks_of_its_own() -> None:
    assert is_allowed("127.0.0.1", LOOPBACK)
    assert is_allowed("::ffff:127.0.0.1", LOOPBACK)
    assert not is_allowed("10.0.0.1", LOOPBACK)
    assert is_allowed("64:ff9b:1::a00:1", (ip_network("64:ff9b:1::/48"),))


@pytest.fixture
async def channel() -> AsyncIterator[HttpChannel]:
    made = HttpChannel()
    yield made
    await made.close()


def to(url: str, body: bytes = b"x") -> PostbackRequest:
    return PostbackRequest("POST", url, (("Content-Type", "text/plain"),), body)


async def post(channel: HttpChannel, request: PostbackRequest, limits: Limits) -> Answer:
    """Post and wait for what came back."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    channel.post(request, limits, answered.set_result)
    assert not answered.done(), "an answer is told in a later turn"
    return await answered


def within(total_s: float = 5.0) -> Limits:
    return Limits(connect_s=2.0, total_s=total_s, private_networks=LOOPBACK)


async def test_a_postback_arrives_as_it_was_written(channel: HttpChannel, customer: FakeCustomer) -> None:
    answer = await post(channel, to(customer.url + "/a?b=c%26d", b"body"), within())
    assert answer.status == 200
    (came,) = customer.came
    assert (came.path, came.query, came.content_type, came.body) == ("/a", "b=c%26d", "text/plain", b"body")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_the_operators_own_network_is_out_of_reach(
    channel: HttpChannel, customer: FakeCustomer, host: str
) -> None:
    answer = await post(channel, to(f"http://{host}:{customer.port}/"), Limits(2.0, 5.0, ()))
    assert answer.status is None
    assert "not a public address" in answer.fault or "NotAllowed" in answer.fault
    assert customer.came == []


async def test_redirects_are_answers_and_not_followed(channel: HttpChannel, customer: FakeCustomer) -> None:
    customer.answers = [302]
    assert (await post(channel, to(customer.url), within())).status == 302
    assert len(customer.came) == 1


async def test_silence_ends_in_time(channel: HttpChannel) -> None:
    async with silent_server() as url:
        answer = await post(channel, to(url), within(total_s=0.2))
    assert (answer.status, answer.fault) == (None, "no answer in time")


async def test_nobody_there_and_nonsense_are_faults_in_words(
    channel: HttpChannel, customer: FakeCustomer
) -> None:
    await customer.stop()
    closed = await post(channel, to(customer.url), within())
    assert closed.status is None
    assert "[Errno 111]" in closed.fault
    nonsense = await post(channel, to("http://[x/"), within())
    assert nonsense.status is None
    assert nonsense.fault


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (OK, 200),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", 200),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, 200),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200),
        (b"HTTP/1.0 500 Oops\r\n\r\n", 500),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"a" * 900_000, 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nOK", 200),  # cut short: the status was said
        (b"HTTP/1.1 2", None),
        (b"", None),
        (b"SMPP\r\n\r\n", None),
    ],
)
async def test_what_an_answer_may_look_like(channel: HttpChannel, octets: bytes, status: int | None) -> None:
    async with Scripted([octets]) as url:
        answer = await post(channel, to(url), within())
    assert answer.status == status
    assert bool(answer.fault) is (status is None)


async def test_a_connection_is_used_again(channel: HttpChannel) -> None:
    server = Scripted([OK] * 5)
    async with server as url:
        for _ in range(3):
            assert (await post(channel, to(url), within())).status == 200
    assert server.connections == 1


async def test_a_kept_connection_that_closed_meanwhile_is_not_the_postbacks_fault(
    channel: HttpChannel,
) -> None:
    server = Scripted([OK, None], [OK])
    async with server as url:
        assert (await post(channel, to(url), within())).status == 200
        assert (await post(channel, to(url), within())).status == 200
    assert server.connections == 2


async def test_a_fresh_connection_that_closes_is_a_fault_and_not_asked_again(channel: HttpChannel) -> None:
    server = Scripted([None])
    async with server as url:
        answer = await post(channel, to(url), within())
    assert (answer.status, answer.fault) == (None, "the connection was closed")
    assert len(server.requests) == 1


async def test_accounts_with_other_networks_do_not_share_connections(channel: HttpChannel) -> None:
    server = Scripted([OK] * 5)
    async with server as url:
        assert (await post(channel, to(url), within())).status == 200
        assert (await post(channel, to(url), Limits(2.0, 5.0, ()))).status is None
        assert (await post(channel, to(url), Limits(2.0, 5.0, (ip_network("127.0.0.1/32"),)))).status == 200
    assert server.connections == 2


async def test_a_header_cannot_break_out_of_its_line(channel: HttpChannel, customer: FakeCustomer) -> None:
    request = PostbackRequest("POST", customer.url, (("X", "a\r\nHost: evil"),), b"")
    assert (await post(channel, request, within())).status is None
    assert customer.came == []


async def test_an_address_is_sent_in_the_characters_of_a_request_line(channel: HttpChannel) -> None:
    server = Scripted([OK])
    async with server as url:
        await post(channel, to(url + "a b?c=\u00fc&d=%26"), within())
    assert server.requests[0].startswith(b"POST /a%20b?c=%C3%BC&d=%26 HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.slow
async def test_a_certificate_that_nobody_vouches_for_is_refused(channel: HttpChannel, tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*self_signed(tmp_path, "localhost"))
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    answer = await post(channel, to(f"https://127.0.0.1:{port}/"), within())
    server.close()
    assert answer.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in answer.fault


async def test_an_endpoint_that_closes_without_a_word_is_asked_twice_at_most(channel: HttpChannel) -> None:
    server = Scripted([OK, None])
    async with server as url:
        await asyncio.gather(*(post(channel, to(url), within()) for _ in range(5)))
        server.requests.clear()
        assert (await post(channel, to(url), within())).status == 200
    assert len(server.requests) <= 2


async def test_a_fragment_is_not_sent(channel: HttpChannel) -> None:
    server = Scripted([OK] * 3)
    async with server as url:
        for address in ("a#b?c", "a?#b", "a?b=1#c?d"):
            await post(channel, to(url + address), within())
    targets = [request.partition(b" HTTP/1.1")[0] for request in server.requests]
    assert targets == [b"POST /a", b"POST /a", b"POST /a?b=1"]


async def test_who_posts_hears_once_though_the_answer_comes_twice(channel: HttpChannel) -> None:
    told: list[Answer] = []
    server = Scripted([OK + OK])
    async with server as url:
        channel.post(to(url), within(), told.append)
        assert (await post(channel, to(url), within())).status == 200
    assert told == [Answer(200)]


async def test_a_connection_in_use_when_its_pool_is_swept_is_kept(channel: HttpChannel) -> None:
    server = Scripted([OK] * 2)
    async with server as url:
        answered = asyncio.ensure_future(post(channel, to(url), within()))
        await asyncio.sleep(0)
        channel._close_unused()
        await answered
        channel._close_unused()
        await post(channel, to(url), within())
    assert server.connections == 1


def test_an_answer_that_came_while_nobody_could_read_it_is_in_time() -> None:
    listening, (woken, waking) = socket.create_server(("127.0.0.1", 0)), socket.socketpair()

    def serve() -> None:
        taken, _ = listening.accept()
        taken.recv(65_536)
        waking.send(b"x")
        time.sleep(0.1)  # until the loop is held up
        taken.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        taken.recv(1)  # until the other end closes
        taken.close()

    def hold_up() -> None:
        woken.recv(1)
        time.sleep(0.6)  # as a transaction that waits for the disk

    async def ask() -> Answer:
        channel, loop = HttpChannel(), asyncio.get_running_loop()
        loop.add_reader(woken, hold_up)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        answer: asyncio.Future[Answer] = loop.create_future()
        limits = Limits(connect_s=5, total_s=0.4, private_networks=LOOPBACK)
        channel.post(PostbackRequest("POST", url, (), b"x"), limits, answer.set_result)
        found = await answer
        loop.remove_reader(woken)
        await channel.close()
        return found

    serving = threading.Thread(target=serve)
    serving.start()
    assert uvloop.run(ask()).status == 200
    serving.join()
    for each in (listening, woken, waking):
        each.close()
