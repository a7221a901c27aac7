"""Two senders of one link on one database: who is to have which slots changes while they send."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from aldis.errors import LeaseLost
from aldis.stages.owner import LOOK_S, Holder
from aldis.stages.sending.retry import RetryPolicy
from aldis.stages.sending.sender import Sender, SenderSettings
from aldis.stages.sending.upstream import Accepted
from aldis.store.postgresql.store import open_postgresql
from aldis.telemetry import Metrics
from aldis.traffic.slots import SLOTS, slot_of_id
from aldis.traffic.states import State
from tests.backends import apply, lapse
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.store.building import NOW, POSTPAID, a_message, accept, state_of
from tests.store.conftest import DIRECTORY

ALL = frozenset(range(SLOTS))
COUNT = 40


class Node:
    """A gateway as far as one link goes."""

    def __init__(self, database: str, clock: FakeClock, name: str) -> None:
        self._database, self.clock, self.name = database, clock, name
        self.slots_wanted: frozenset[int] = frozenset()
        self.carrier = FakeUpstream(window=4)
        self.taken: list[int] = []

    def wanted(self, divided: str) -> frozenset[int]:
        assert divided == "link/link"
        return self.slots_wanted

    takes_part = True

    async def open(self, tps: float | None = None) -> None:
        self.store = await open_postgresql(self._database, self.clock, self.name, uuid4())
        holder = Holder(self.store.ownership, self.name, self.clock, self)
        settings = SenderSettings(RetryPolicy(max_attempts=3), tps)
        self.sender = Sender(
            self.store.sending,
            holder,
            self.carrier.connect,
            settings,
            self.clock,
            lambda: 0.0,
            Metrics(),
        )

    async def step(self) -> None:
        try:
            await self.sender.step()
        except LeaseLost:
            self.sender.lose()
        await self.sender.outcomes.record()

    async def answer(self) -> None:
        """Have the carrier take all that is out."""
        while self.carrier.out:
            segment = self.carrier.answer(Accepted(f"{self.name}{self.carrier.out[0].message_id}"))
            self.taken.append(segment.message_id)
        await self.sender.outcomes.record()

    @property
    def slots(self) -> frozenset[int]:
        return frozenset(lease.slot for lease in self.sender.leases)


@pytest.fixture
async def nodes(database: str) -> AsyncIterator[tuple[Node, Node]]:
    clock = FakeClock()
    a, b = Node(database, clock, "a"), Node(database, clock, "b")
    for node in (a, b):
        await node.open()
    await apply(a.store, DIRECTORY, NOW)
    for number in range(1, COUNT + 1):
        await accept(a.store, a_message(number, account_id=POSTPAID))
    yield a, b
    for node in (a, b):
        await node.store.close()


async def test_an_outcome_of_a_slot_that_was_lost_costs_no_other_slot(nodes: tuple[Node, Node]) -> None:
    """Each would cost the other's what is in flight, in turn and for ever."""
    a, _ = nodes
    a.slots_wanted = ALL
    await a.step()
    lost = [segment.message_id for segment in a.carrier.out]
    a.carrier.window = a.carrier.limit = 2 * len(lost)
    a.sender.lose()
    await a.step()  # what was claimed ahead is dropped
    await a.step()
    held = a.slots
    assert held == ALL - set(map(slot_of_id, lost))
    for message_id in lost:
        assert a.carrier.answer(Accepted(f"first{message_id}")).message_id == message_id
    await a.sender.outcomes.record()
    assert a.slots == held
    for _ in range(COUNT):
        a.clock.advance(LOOK_S)
        await a.step()
        await a.answer()
    assert a.slots == ALL
    assert Counter(a.taken) == Counter(set(range(1, COUNT + 1)) - set(lost))  # those were taken before
    assert {await state_of(a.store, message_id) for message_id in lost} == {State.SENT}


async def test_slots_change_hands_in_order_and_nothing_is_sent_twice(nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    a.slots_wanted = ALL
    await a.step()
    assert a.slots == ALL
    assert len(a.carrier.out) == 4
    out = {slot_of_id(segment.message_id) for segment in a.carrier.out}
    a.slots_wanted, b.slots_wanted = frozenset({0, 1}), ALL - {0, 1}
    while (
        a.slots != {0, 1} | out
    ):  # what was claimed ahead is let go of, and what is on the wire is waited for
        a.clock.advance(LOOK_S)
        await a.step()
    await b.step()
    assert b.slots == ALL - a.slots
    while len(a.taken) + len(b.taken) < COUNT:
        for node in nodes:
            await node.answer()
            await node.step()
        a.clock.advance(LOOK_S)
    assert (a.slots, b.slots) == (frozenset({0, 1}), ALL - {0, 1})
    assert Counter(a.taken + b.taken) == Counter(range(1, COUNT + 1))
    assert {slot_of_id(each) for each in b.taken} == ALL - {0, 1}
    assert await a.store.metrics.count_by_state() == {State.SENT.value: COUNT}


async def test_what_was_a_lost_ones_goes_on_with_no_more_than_its_window_repeated(
    nodes: tuple[Node, Node],
) -> None:
    a, b = nodes
    a.slots_wanted = frozenset({0, 1, 2, 3})
    b.slots_wanted = ALL - a.slots_wanted
    for node in nodes:
        await node.step()
    out = {segment.message_id for segment in a.carrier.out}
    b.slots_wanted = ALL
    b.clock.advance(LOOK_S)
    await b.step()
    assert b.slots == ALL - {0, 1, 2, 3}  # it may live
    await lapse(b.store)
    await b.answer()
    await b.step()
    assert b.slots == ALL
    while len(b.taken) < COUNT:
        await b.answer()
        await b.step()
        b.clock.advance(LOOK_S)
    assert Counter(b.taken) == Counter(range(1, COUNT + 1))
    await a.answer()  # it lives after all; nothing of it is kept, and it sends nothing more
    a.clock.advance(LOOK_S)
    await a.step()
    assert {*a.taken} == out
    assert (a.slots, a.carrier.out) == (frozenset(), [])
    assert await b.store.metrics.count_by_state() == {State.SENT.value: COUNT}


async def test_each_has_as_much_of_the_pace_as_of_the_slots(database: str, nodes: tuple[Node, Node]) -> None:
    node = Node(database, nodes[0].clock, "c")
    await node.open(tps=80.0)
    for share, pace in ((ALL, 80.0), (frozenset({1}), 10.0), (frozenset({1, 2}), 20.0)):
        node.slots_wanted = share
        node.clock.advance(LOOK_S)
        await node.step()
        await node.answer()
        node.clock.advance(LOOK_S)
        await node.step()
        assert node.sender._bucket is not None
        assert (node.slots, node.sender._bucket.rate_per_s) == (share, pace)
        await node.answer()
    await node.store.close()
