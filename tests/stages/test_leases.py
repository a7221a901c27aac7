"""Owners whose leases end by time: who may not have its lease any more submits nothing, whatever comes; who has
it again goes on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aldis.errors import LeaseLost, StoreUnavailable, TransitionRefused
from aldis.stages.sending.upstream import Accepted, Outbound
from aldis.store.contract.ownership import Lease, slot_of
from aldis.store.contract.sending import SendingStore, Share
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult, ClaimedMessage
from aldis.traffic.states import State
from tests.backends import apply, held, open_store
from tests.fakes.clock import FakeClock
from tests.fakes.leases import HOLDS_MS, TimedLeases
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_sender import a_sender
from tests.store.building import NOW, a_message, accept, state_of
from tests.store.conftest import DIRECTORY

HOLDS_S = HOLDS_MS / 1000
SLOT = slot_of("link")
COUNT = 6


class Carrier(FakeUpstream):
    """Hears who submits while it does not have the lease."""

    def __init__(self, leases: TimedLeases, holder: str) -> None:
        super().__init__(window=2)
        self._leases = leases
        self._holder = holder
        self.taken: list[int] = []
        self.stolen: list[int] = []

    def submit(self, segment: Outbound) -> None:
        super().submit(segment)
        self.taken.append(segment.message_id)
        if self._leases.holder_of(SLOT) != self._holder:
            self.stolen.append(segment.message_id)


class Node:
    """One of the gateways on the same data."""

    def __init__(self, store: Store, leases: TimedLeases, clock: FakeClock, name: str) -> None:
        self.store = msgspec.structs.replace(store, ownership=leases)
        self.carrier = Carrier(leases, name)
        self.sender = a_sender(self.store, self.carrier, clock, name=name)

    async def step(self) -> None:
        """Do a round as `run` does, and its pause."""
        try:
            await self.sender.step()
        except StoreUnavailable:
            pass
        except LeaseLost:
            self.sender.lose()
        await self.sender.outcomes.record()
        self.sender.pause_s()

    async def answer(self) -> None:
        """Have the carrier take the oldest that is out."""
        if self.carrier.out:
            self.carrier.answer(Accepted(f"{self.carrier.out[0].message_id}"))
        await self.sender.outcomes.record()


class World(msgspec.Struct):
    """Two nodes, and the time that both go by."""

    clock: FakeClock
    leases: TimedLeases
    a: Node
    b: Node


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    clock = FakeClock()
    stores = [open_store(folder, clock) for _ in range(2)]
    await apply(stores[0], DIRECTORY, NOW)
    for number in range(1, COUNT + 1):
        await accept(stores[0], a_message(number))
    leases = TimedLeases(stores[0].ownership, clock)
    yield World(
        clock, leases, *(Node(store, leases, clock, name) for store, name in zip(stores, "ab", strict=True))
    )
    for store in reversed(stores):
        await store.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as made:
        yield made


async def test_a_link_idles_while_another_has_it_and_works_once_that_is_over(world: World) -> None:
    await world.a.step()
    await world.b.step()
    assert (world.a.carrier.taken, world.b.carrier.taken) == ([1, 2], [])
    assert await world.b.sender.own() == ()
    world.clock.advance(HOLDS_S)
    await world.b.step()
    assert world.b.carrier.taken == [1, 2]


async def test_a_lease_is_renewed_in_the_rounds(world: World) -> None:
    lease = await held(world.a.sender)
    for _ in range(9):
        world.clock.advance(HOLDS_S / 2)
        await world.a.step()
        await world.a.answer()
        await world.b.step()
    assert world.a.carrier.taken == [*range(1, COUNT + 1)]
    assert await held(world.a.sender) == lease


async def test_nothing_is_submitted_while_a_lease_cannot_be_renewed_and_all_goes_on_after(
    world: World,
) -> None:
    await world.a.step()
    world.leases.is_away = True
    world.clock.advance(HOLDS_S)
    await world.a.answer()
    await world.a.step()
    assert world.a.carrier.taken == [1, 2]
    assert await state_of(world.a.store, 1) is State.SENT  # nobody has acquired it since: it counts
    world.leases.is_away = False
    await world.a.step()  # what was claimed before is given back: who opted out since was told so
    assert world.a.carrier.taken == [1, 2]
    await world.a.step()
    assert world.a.carrier.taken == [1, 2, 3]
    assert world.a.carrier.stolen == []


async def test_who_lost_its_lease_ends_nothing_and_takes_it_again_once_it_is_free(world: World) -> None:
    await world.a.step()
    world.clock.advance(HOLDS_S)
    await world.b.step()
    await world.a.answer()
    await world.a.step()
    assert await state_of(world.a.store, 1) is State.QUEUED
    assert world.a.carrier.taken == [1, 2]
    world.clock.advance(HOLDS_S)
    await world.a.step()  # something of the earlier lease is still out
    assert world.leases.holder_of(SLOT) == ""
    await world.a.answer()
    await world.a.step()
    assert world.leases.holder_of(SLOT) == "a"
    assert world.a.carrier.taken == [1, 2, 3, 4]  # that the first two were taken is kept as late answers
    assert [await state_of(world.a.store, number) for number in (1, 2)] == [State.SENT, State.SENT]


async def test_what_is_claimed_while_the_lease_is_lost_is_not_submitted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a claim may come after the news."""
    node, sending = world.a, world.a.store.sending
    claim = sending.claim

    async def claim_and_hear(
        leases: Sequence[Lease], limit: int, share: Share, now: int
    ) -> list[ClaimedMessage]:
        found = await claim(leases, limit, share, now)
        assert found
        node.sender.lose()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(sending, "claim", claim_and_hear)
        await node.step()
    assert node.carrier.taken == []
    await node.step()
    assert await node.sender.own()


async def test_the_lease_of_an_agent_that_ends_is_anybodys(world: World) -> None:
    await world.a.step()
    running = asyncio.create_task(world.a.sender.run())
    world.a.sender.stop()
    while world.a.carrier.out:
        await world.a.answer()
    async with asyncio.timeout(10):
        await running
    await world.b.step()
    assert world.b.carrier.taken == [3, 4]


#: what may happen, and to whom
HAPPENINGS = st.one_of(
    st.tuples(st.sampled_from(("step", "answer")), st.sampled_from("ab")),
    st.tuples(st.just("advance"), st.sampled_from((HOLDS_MS, HOLDS_MS - 1, HOLDS_MS // 3, 1))),
    st.tuples(st.just("away"), st.booleans()),
)


#: a renewal that is late gives back what was claimed, and nothing more is told of it
GIVEN_BACK_LATE: list[tuple[str, str | int]] = [
    *(
        ("advance", HOLDS_MS),
        ("advance", HOLDS_MS),
        ("step", "b"),
        ("advance", HOLDS_MS - 1),
        ("answer", "b"),
    ),
    *(("advance", HOLDS_MS), ("answer", "b"), ("answer", "b"), ("step", "a")),
    *(("advance", HOLDS_MS), ("advance", HOLDS_MS), ("advance", HOLDS_MS)),
]


@settings(max_examples=25)
@example(happened=GIVEN_BACK_LATE)
@given(happened=st.lists(HAPPENINGS, min_size=12, max_size=40))
def test_nobody_submits_without_its_lease_and_all_is_sent(happened: list[tuple[str, str | int]]) -> None:
    async def live() -> None:
        with TemporaryDirectory() as folder:
            async with a_world(Path(folder)) as world:
                await _live(world, happened)

    asyncio.run(live())


async def _live(world: World, happened: list[tuple[str, str | int]]) -> None:
    nodes = {"a": world.a, "b": world.b}
    for what, which in happened:
        match which:
            case "a" | "b":
                node = nodes[which]
                await (node.step() if what == "step" else node.answer())
            case bool():
                world.leases.is_away = which
            case int():
                world.clock.advance(which / 1000)
    world.leases.is_away = False
    for _ in range(4 * COUNT):
        for node in nodes.values():
            await node.step()
            await node.answer()
        world.clock.advance(1)
    assert [node.carrier.stolen for node in nodes.values()] == [[], []]
    states = [await state_of(world.a.store, number) for number in range(1, COUNT + 1)]
    assert Counter(states) == {State.SENT: COUNT}


class Failing:
    """A store in which recording fails, each time by the next fault."""

    def __init__(self, store: SendingStore, *faults: Exception) -> None:
        self._store = store
        self._faults = list(faults)

    async def record(self, leases: Sequence[Lease], results: Sequence[AttemptResult], now: int) -> None:
        if self._faults:
            raise self._faults.pop(0)
        await self._store.record(leases, results, now)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("then", [LeaseLost("another's"), TransitionRefused("it has ended")])
async def test_what_cannot_be_recorded_and_then_is_nobodys_any_more_keeps_nothing_from_being_claimed(
    world: World, then: Exception
) -> None:
    """As a failover is: the database is away, and another had the link, or the message, when it came back."""
    store: Any = Failing(world.a.store.sending, StoreUnavailable("away"), then)
    node = Node(msgspec.structs.replace(world.a.store, sending=store), world.leases, world.clock, "a")
    await node.step()
    await node.answer()
    await node.sender.outcomes.record()
    await node.answer()
    for _ in range(3):
        world.clock.advance(HOLDS_S)
        await node.step()
    assert len(node.carrier.taken) > 2
