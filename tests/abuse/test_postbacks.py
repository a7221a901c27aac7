"""What one customer's endpoints, or this machine, can do to the postbacks of others."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from tests.fakes.clock import FakeClock
from tests.fakes.endpoints import endpoints
from tests.stages.test_poster import no_content, owe, pending, settled

from aldis.accounts.directory import CurrentDirectory
from aldis.app.posting import counter
from aldis.channels.http.client import HttpChannel
from aldis.dialects.registry import POLICIES
from aldis.stages.postbacks.poster import Poster
from aldis.stages.postbacks.status import PostingStatus
from aldis.stages.postbacks.writing import Writing
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics


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
async def posting(store: Store, clock: FakeClock, told: list[PostingStatus]) -> AsyncIterator[Poster]:
    """A poster that posts through real sockets."""
    channel, current = HttpChannel(), CurrentDirectory(await store.directory.load())
    writing = Writing(POLICIES, current, no_content)
    yield Poster(
        store.postbacks, channel, writing, clock, counter(Metrics()), told.append, keeps_answers=False
    )
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
