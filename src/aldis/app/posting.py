"""The poster with what it needs, wherever it lives: in the gateway's process, or beside the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.app.agents import GRACE_S, RunningAgents, within
from aldis.channels.http.client import HttpChannel
from aldis.channels.http.proxy import read_proxy
from aldis.clock import Clock
from aldis.dialects.registry import POLICIES
from aldis.stages.postbacks.lanes import WaitsFor
from aldis.stages.postbacks.poster import STOP_S, Poster, PosterSettings
from aldis.stages.postbacks.settings import PostbackSettings
from aldis.stages.postbacks.status import PostingStatus
from aldis.stages.postbacks.writing import Writing
from aldis.store.contract.content import ContentReader
from aldis.store.contract.postbacks import PostbackStore
from aldis.store.sqlite.process.writer_client import WriterClient
from aldis.telemetry import Metrics


class Posting(Protocol):
    """Posts to customers what is pending: `start`, then `stop`."""

    async def start(self) -> None:
        """Begin."""

    def wake(self) -> None:
        """Say that there may be something to post."""

    async def stop(self) -> None:
        """Start no more tries, and finish those under way within bounds."""


class PostingHere:
    """In this process."""

    def __init__(
        self,
        store: PostbackStore,
        current: CurrentDirectory,
        clock: Clock,
        count: Callable[[str, bool, int], None],
        contents: ContentReader,
        settings: PostbackSettings,
        tell: Callable[[PostingStatus], None],
    ) -> None:
        """`count`, `tell`: see `Poster`."""
        proxy, most, most_idle = read_proxy(settings.proxy), settings.connections, settings.idle_connections
        self._channel = HttpChannel(proxy, most, most_idle)
        writing = Writing(POLICIES, current, contents.read)
        limits = PosterSettings(most, settings.account_share, settings.show_bodies)
        self._poster = Poster(store, self._channel, writing, clock, count, tell, limits)
        self._agents = RunningAgents()
        #: has it post only what is of our slots
        self.share = self._poster.share
        #: has nothing of some accounts posted
        self.withhold = self._poster.withhold

    def wake(self) -> None:
        self._poster.wake()

    async def start(self) -> None:
        self._agents.start(self._poster)

    async def stop(self, grace_s: float = STOP_S) -> None:
        """Start no more tries; those under way have `grace_s`, and what was heard is stored."""
        self._poster.grace_s = grace_s
        self._agents.stop()
        await self._agents.ended()
        await self._channel.close()


class PostingBeside:
    """In the writer's process (`back_office.py`), which only has to be told so."""

    def __init__(self, runner: WriterClient, settings: PostbackSettings) -> None:
        self._runner = runner
        self._settings = settings

    async def start(self) -> None:
        await self._runner.post(msgspec.msgpack.encode(self._settings))

    def wake(self) -> None:
        pass  # whoever writes there tells the poster

    async def stop(self) -> None:
        await within(GRACE_S, [asyncio.create_task(self._runner.rest())])


class PostingWatch:
    """Knows how posting stands, wherever that is done."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.status = PostingStatus()

    def note(self, status: PostingStatus) -> None:
        """Hear of it."""
        for kind, count in status.put_back.items():
            self._metrics.postbacks_put_back.labels(kind).inc(count - self.status.put_back.get(kind, 0))
        for waits_for in WaitsFor:
            if waits_for is not WaitsFor.NOTHING:
                waiting = self._metrics.postback_lanes_waiting.labels(waits_for)
                waiting.set(status.waits.get(waits_for, 0))
        self._metrics.postbacks_under_way.set(status.under_way)
        self._metrics.postback_connections.labels("busy").set(status.connections - status.idle_connections)
        self._metrics.postback_connections.labels("idle").set(status.idle_connections)
        self.status = status

    def hear(self, octets: bytes) -> None:
        """Hear of it from the writer's process."""
        self.note(_STATUS.decode(octets))


_STATUS = msgspec.msgpack.Decoder(PostingStatus)


def counter(metrics: Metrics) -> Callable[[str, bool, int], None]:
    """Give what counts tries of postbacks in the metrics."""

    def count(dialect: str, done: bool, tries: int) -> None:  # noqa: FBT001 - as the poster counts
        """Count tries."""
        metrics.postbacks.labels(dialect, "done" if done else "failed").inc(tries)

    for name in POLICIES:  # so that what has not happened yet shows as 0
        for done in (True, False):
            count(name, done, 0)
    return count
