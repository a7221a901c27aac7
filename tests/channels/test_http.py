"""The postback channel: where it may go, and what it makes of what it meets there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from tests.fakes.customer import FakeCustomer, silent_server

from aldis.channels.http.client import HttpChannel
from aldis.channels.http.guard import is_allowed
from aldis.stages.postbacks.channel import Limits
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
    ],
)
def test_where_postbacks_may_go(address: str, *, allowed: bool) -> None:
    assert is_allowed(address, ()) is allowed


def test_an_account_may_have_private_networks_of_its_own() -> None:
    assert is_allowed("127.0.0.1", LOOPBACK)
    assert is_allowed("::ffff:127.0.0.1", LOOPBACK)
    assert not is_allowed("10.0.0.1", LOOPBACK)


@pytest.fixture
async def channel() -> AsyncIterator[HttpChannel]:
    made = HttpChannel()
    yield made
    await made.close()


def to(url: str, body: bytes = b"x") -> PostbackRequest:
    return PostbackRequest("POST", url, (("Content-Type", "text/plain"),), body)


def within(total_s: float = 5.0) -> Limits:
    return Limits(connect_s=2.0, total_s=total_s, private_networks=LOOPBACK)


async def test_a_postback_arrives_as_it_was_written(channel: HttpChannel, customer: FakeCustomer) -> None:
    answer = await channel.post(to(customer.url + "/a?b=c%26d", b"body"), within())
    assert answer.status == 200
    (came,) = customer.came
    assert (came.path, came.query, came.content_type, came.body) == ("/a", "b=c%26d", "text/plain", b"body")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_the_operators_own_network_is_out_of_reach(
    channel: HttpChannel, customer: FakeCustomer, host: str
) -> None:
    answer = await channel.post(to(f"http://{host}:{customer.port}/"), Limits(2.0, 5.0, ()))
    assert answer.status is None
    assert "not a public address" in answer.fault or "NotAllowed" in answer.fault
    assert customer.came == []


async def test_redirects_are_answers_and_not_followed(channel: HttpChannel, customer: FakeCustomer) -> None:
    customer.answers = [302]
    assert (await channel.post(to(customer.url), within())).status == 302
    assert len(customer.came) == 1


async def test_silence_ends_in_time(channel: HttpChannel) -> None:
    async with silent_server() as url:
        answer = await channel.post(to(url), within(total_s=0.2))
    assert (answer.status, answer.fault) == (None, "no answer in time")


async def test_nobody_there_and_nonsense_are_faults_in_words(
    channel: HttpChannel, customer: FakeCustomer
) -> None:
    await customer.stop()
    closed = await channel.post(to(customer.url), within())
    assert closed.status is None
    assert "[Errno 111]" in closed.fault
    nonsense = await channel.post(to("http://[x/"), within())
    assert nonsense.status is None
    assert nonsense.fault
