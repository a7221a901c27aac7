"""Two gateways post at once: each what is of its slots, once; a lost one's goes out again, and only that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qs

import pytest

from aldis.accounts.directory import CurrentDirectory
from aldis.app.posting import counter
from aldis.demo.world import text_of
from aldis.dialects.registry import POLICIES
from aldis.errors import LeaseLost
from aldis.stages.owner import Holder
from aldis.stages.postbacks.poster import Poster, PosterSettings
from aldis.stages.postbacks.writing import Writing
from aldis.stages.slot_leases import SlotLeases
from aldis.store.contract.ownership import postbacks_slot
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.postback import PostbackResult, Webhook
from aldis.traffic.slots import ALL_SLOTS, slot_of_id
from tests.backends import apply, lapse, take
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import NOON, FakeClock
from tests.stages.test_poster import owe

#: of both gateways' slots
LOW = frozenset(slot for slot in ALL_SLOTS if slot < len(ALL_SLOTS) // 2)
HIGH = ALL_SLOTS - LOW
MESSAGES = range(1, 25)
#: then leases are renewed, slots taken and given back, and the table read
LOOKED_S = 1.1


async def no_content(_digest: str) -> bytes | None:
    return None


class Node:
    """A gateway that posts."""

    def __init__(self, store: Store, name: str, wanted: Iterable[int]) -> None:
        assert isinstance(store.clock, FakeClock)
        self.store, self.clock = store, store.clock
        self.wanted = frozenset(wanted)
        self.channel = FakeChannel()
        self.slots = SlotLeases(
            Holder(store.ownership, name, self.clock), postbacks_slot, lambda: self.wanted
        )

    async def open(self) -> Node:
        writing = Writing(POLICIES, CurrentDirectory(await self.store.directory.load()), no_content)
        self.poster = Poster(
            self.store.postbacks,
            self.channel,
            writing,
            self.clock,
            counter(Metrics()),
            lambda _status: None,
            PosterSettings(),
        )
        self.poster.share(self.slots)
        return self

    async def look(self) -> None:
        """Do a round in which all is looked at again."""
        self.clock.advance(LOOKED_S)
        await self.step()

    async def step(self) -> None:
        """Do a round as `run` does."""
        try:
            await self.poster.step()
        except LeaseLost:
            self.poster.lose()

    async def answer_all(self, status: int = 200) -> list[str]:
        """Answer what is out and what follows it; names what was posted."""
        posted: list[str] = []
        while self.channel.out:
            request = await self.channel.answer(status)
            posted.append(parse_qs(request.body.decode())["message_id"][0])
            if not self.channel.out:
                await self.step()
        if self.poster.results._settling is not None:
            await self.poster.results._settling
        await self.poster.results.settle()
        return posted


class Cluster(NamedTuple):
    one: Node
    two: Node


@pytest.fixture
async def cluster(both: list[Store]) -> Cluster:
    await apply(both[0], text_of("world.toml"), NOON)
    return Cluster(await Node(both[0], "one", LOW).open(), await Node(both[1], "two", HIGH).open())


def named(slots: frozenset[int]) -> list[str]:
    return [f"r{number}" for number in MESSAGES if slot_of_id(number) in slots]


async def test_each_posts_what_is_of_its_slots_and_nothing_twice(cluster: Cluster) -> None:
    for node in cluster:
        await node.look()
    await owe(cluster.one.store, *MESSAGES)
    for node in cluster:
        await node.look()
    assert sorted(await cluster.one.answer_all()) == sorted(named(LOW))
    assert sorted(await cluster.two.answer_all()) == sorted(named(HIGH))
    for node in cluster:
        await node.look()
        assert node.channel.out == []


async def test_a_slot_goes_once_nothing_of_it_is_under_way(cluster: Cluster) -> None:
    one, two = cluster
    one.wanted = ALL_SLOTS
    await one.look()
    await owe(one.store, *MESSAGES)
    await one.look()
    await one.channel.answer()  # the endpoint is there: many go out at once
    await one.look()
    one.wanted = LOW
    await one.look()
    out = len(one.channel.out)
    assert out > len(ALL_SLOTS)
    await two.look()
    assert two.slots.served == two.slots.served & HIGH
    assert two.channel.out == []
    first = await one.answer_all()
    await one.look()
    await two.look()
    assert (one.slots.served, two.slots.served) == (LOW, HIGH)
    await two.look()
    rest = [*await two.answer_all(), *await one.answer_all()]
    assert not {*first} & {*rest}


async def test_what_is_under_way_in_a_lost_slot_is_posted_by_its_next_owner_and_written_once(
    cluster: Cluster,
) -> None:
    one, two = cluster
    await owe(one.store, *MESSAGES)
    await one.look()
    assert len(one.channel.out) == 1
    await lapse(one.store)
    two.wanted = ALL_SLOTS
    await two.look()
    await two.look()
    assert sorted(await two.answer_all()) == sorted(named(ALL_SLOTS))
    await one.answer_all(503)
    assert one.slots.served == frozenset()
    assert one.poster._held._count == 0
    page = await one.store.search.message(MESSAGES[0])
    assert page is not None
    await one.look()
    assert one.channel.out == []
    assert one.poster.is_drained
    assert [lane.pending for lane in await one.store.outbox.lanes(10)] == []


async def test_nothing_is_begun_once_the_time_of_the_leases_is_over(cluster: Cluster) -> None:
    one = cluster.one
    await one.look()
    await owe(one.store, *MESSAGES)
    one.clock.advance(4)
    assert one.slots.is_over
    await one.poster._read_due()
    assert one.channel.out == []
    await one.look()  # renewed: nobody has taken them
    assert len(one.channel.out) == 1


async def test_results_and_ends_of_webhooks_are_written_by_the_newest_owner_alone(
    both: list[Store],
) -> None:
    store = both[0]
    await apply(store, text_of("world.toml"), NOON)
    await owe(store, 1)
    old, new = [await take(store, postbacks_slot(slot_of_id(1))) for _ in range(2)]
    lanes = await store.postbacks.lanes("", 10, NOON)
    (due,) = await store.postbacks.due(lanes[0], 10, NOON)
    done = PostbackResult(due.postback_id, NOON, 200, "", None, done=True)
    webhook = Webhook(1, "http://a")
    with pytest.raises(LeaseLost):
        await store.postbacks.finish([done], [old])
    with pytest.raises(LeaseLost):
        await store.postbacks.end_webhook(webhook, NOON, [old])
    assert [lane.pending for lane in await store.outbox.lanes(10)] == [1]
    assert await store.outbox.ended_webhooks(10) == []
    await store.postbacks.finish([done], [new])
    await store.postbacks.end_webhook(webhook, NOON, [new])
    assert await store.outbox.lanes(10) == []
    assert [each.url for each in await store.outbox.ended_webhooks(10)] == ["http://a"]


async def test_who_stops_gives_its_slots_back_at_once(cluster: Cluster) -> None:
    one, two = cluster
    one.wanted = two.wanted = ALL_SLOTS
    await one.look()
    one.poster.stop()
    await one.poster.run()
    await two.look()
    assert two.slots.served == ALL_SLOTS
