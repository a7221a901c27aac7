"""What one customer's endpoints, or this machine, can do to the postbacks of others."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from itertools import count, islice

import pytest
from tests.backends import apply
from tests.fakes.clock import FakeClock
from tests.fakes.endpoints import endpoints
from tests.fakes.scripted import OK
from tests.stages.test_poster import no_content, owe, pending, settled
from tests.store.test_inbound import an_inbound, heard

from aldis.accounts.directory import CurrentDirectory
from aldis.app.posting import counter
from aldis.channels.http.client import HttpChannel
from aldis.demo.world import text_of
from aldis.dialects.registry import POLICIES
from aldis.stages.postbacks.lanes import CONNECTIONS
from aldis.stages.postbacks.poster import Poster, PosterSettings
from aldis.stages.postbacks.status import PostingStatus
from aldis.stages.postbacks.writing import Writing
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, lane_of, place_of


@contextmanager
def descriptors(free: int) -> Iterator[None]:
    """Leave so many file descriptors, as where a thousand clients are connected."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as probe:
        lowest = probe.fileno()  # all below are taken
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def posting(
    store: Store, clock: FakeClock, told: list[PostingStatus], connections: int = CONNECTIONS
) -> AsyncIterator[Poster]:
    """A poster that posts through real sockets."""
    channel, current = HttpChannel(), CurrentDirectory(await store.directory.load())
    writing, settings = Writing(POLICIES, current, no_content), PosterSettings(connections)
    yield Poster(store.postbacks, channel, writing, clock, counter(Metrics()), told.append, settings)
    await channel.close()


async def test_sixty_healthy_endpoints_with_few_descriptors_lose_no_try(
    demo_store: Store, clock: FakeClock
) -> None:
    """Each has more due than it has had connections; there are far fewer descriptors than endpoints."""
    messages, told = range(1, 181), list[PostingStatus]()
    with endpoints(60) as urls:
        for number in messages:
            await owe(demo_store, number, url=urls[number % 60])
        await _post_all(demo_store, clock, told)
    assert told[-1].put_back  # it did happen
    for number in messages:
        view = await demo_store.search.message(number)
        assert view is not None
        assert [(each.done, each.attempts, each.last_fault) for each in view.postbacks] == [(True, 1, "")]


async def _post_all(store: Store, clock: FakeClock, told: list[PostingStatus]) -> None:
    """Post until nothing is pending, with 24 descriptors."""
    async with posting(store, clock, told) as poster:
        while await pending(store):
            with descriptors(24):
                await poster.step()
                while poster._under_way:
                    await asyncio.sleep(0.001)
            await settled(poster)
            clock.advance(1)


ACCOUNT = """
[[account]]
name = "a{number}"
postback_networks = ["127.0.0.0/8"]
"""


class Slow:
    """An endpoint that takes requests and answers them when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def __aexit__(self, *_fault: object) -> None:
        self.may_answer.set()
        self._server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                self.asked += 1
                await self.may_answer.wait()
                writer.write(OK)
        writer.close()


async def fill(poster: Poster) -> int:
    """Let it start what it may; gives how many requests are under way."""
    before = -1
    while before != len(poster._under_way):
        before = len(poster._under_way)
        await poster.step()
        await asyncio.sleep(0)
    return before


#: accounts, endpoints that each of them posts to, connections in all, and which endpoints have ever answered
CROWDS = [(1, 16, 64, "half"), (12, 4, 64, "all"), (12, 4, 64, "none"), (12, 16, 128, "half")]


@pytest.mark.parametrize(("accounts", "endpoints_each", "connections", "answered"), CROWDS)
async def test_slow_endpoints_of_other_accounts_keep_nobody_waiting(
    demo_store: Store, clock: FakeClock, accounts: int, endpoints_each: int, connections: int, answered: str
) -> None:
    """They answer no more, and some have never answered; their owners have more due than may be under way."""
    told, due_each = list[PostingStatus](), 2 * connections // (accounts * endpoints_each) + 1
    names = "".join(ACCOUNT.format(number=number) for number in range(accounts + 1))
    await apply(demo_store, text_of("world.toml") + names, clock.now())
    by_name = (await demo_store.directory.load()).accounts
    *slow, honest = (by_name[f"a{number}"].account_id for number in range(accounts + 1))
    endpoints_, quick = [Slow() for _ in range(endpoints_each)], Slow()
    quick.may_answer.set()
    async with AsyncExitStack() as stack, posting(demo_store, clock, told, connections) as poster:
        urls = [await stack.enter_async_context(each) for each in endpoints_]
        number = count(1)
        for each in endpoints_:
            each.may_answer.set()
        proven = {"all": urls, "half": urls[::2], "none": []}[answered]
        for account_id in slow:
            for url in proven:  # each of them has answered before
                await owe(demo_store, next(number), url=url, account_id=account_id)
        while await pending(demo_store):
            await fill(poster)
            await asyncio.sleep(0.001)
            await settled(poster)
            clock.advance(1)
        for each in endpoints_:
            each.may_answer.clear()
        for account_id in slow:
            for url in urls:
                await owe(demo_store, *islice(number, due_each), url=url, account_id=account_id)
        clock.advance(1)
        under_way = await fill(poster)
        assert under_way <= connections
        by_account = Counter(place_of(each.dues[0].lane).account_id for each in poster._under_way)
        assert max(by_account.values()) <= connections // 4
        assert max(poster._held._accounts.values()) <= poster._held._most // 4
        url = await stack.enter_async_context(quick)
        await owe(demo_store, *(next(number) for _ in range(3)), url=url, account_id=honest)
        clock.advance(1)
        async with asyncio.timeout(20):  # not one of the slow ones has answered meanwhile
            while quick.asked < 3:
                await poster.step()
                await asyncio.sleep(0.001)
                await settled(poster)
                clock.advance(1)
        assert len(poster._under_way) >= under_way - 3
        assert sum(told[-1].waits.values()) >= 1
        assert {each.account_id for each in told[-1].waiting} <= set(slow)


async def test_what_is_held_of_an_account_is_bounded_whatever_it_is(
    demo_store: Store, clock: FakeClock
) -> None:
    """Of one lane, much is due of both kinds: about messages, and what handsets have written."""
    connections, slow = 16, Slow()
    async with slow as url, posting(demo_store, clock, [], connections) as poster:
        most = poster._held._most // 4
        await owe(demo_store, *range(1, most + 10), url=url)
        lane = lane_of(1, url)
        letters = [an_inbound(number, lane=lane, account_id=1) for number in range(1_000, 1_010 + most)]
        await demo_store.inbound.record(heard(*letters))
        poster._lanes.start(lane)
        poster._lanes.end(lane, 0, reached=True)  # so that many are read at once
        clock.advance(1)
        await fill(poster)
        assert len(poster._held.of(lane)) == most
        read = [*poster._ready[lane], *(due for each in poster._under_way for due in each.dues)]
        assert Counter(type(due) for due in read) == {DueInbound: most // 2, DuePostback: most // 2}
