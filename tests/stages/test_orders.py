"""Operators' orders to links: what is claimed, what is finished, what stays down."""

from __future__ import annotations

import pytest

from aldis.accounts.staff import Actor, Role, audit
from aldis.stages.sending.orders import Line, OrderFollower
from aldis.stages.sending.upstream import Accepted
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.contract.store import Store
from aldis.traffic.states import State
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_sender import a_sender, state_of
from tests.store.building import a_message, accept

OTTO = Actor("otto", Role.OPERATOR, "console")


class Operated:
    """A link with a window of two, four messages for it, and the follower."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.upstream = FakeUpstream(window=2)
        self.sender = a_sender(store, self.upstream, clock)
        self.follower = OrderFollower(store.link_states, {"link": Line(self.upstream, self.sender)})

    async def order(self, wanted: Wanted) -> None:
        entry = audit(OTTO, NOON, "order", "link")
        await self.store.link_states.want(LinkState("link", wanted, "otto", NOON), entry)
        await self.follower.step()


@pytest.fixture
async def operated(demo_store: Store, clock: FakeClock) -> Operated:
    made = Operated(demo_store, clock)
    for number in range(1, 5):
        await accept(demo_store, a_message(number))
    await made.sender.step()
    assert len(made.upstream.out) == 2
    return made


async def test_draining_finishes_what_is_in_flight_and_claims_no_more(operated: Operated) -> None:
    await operated.order(Wanted.DRAINING)
    assert (operated.upstream.is_up, operated.follower.takes("link")) == (True, False)
    operated.upstream.accept_all()
    await operated.sender.outcomes.record()
    assert await operated.sender.step() == 0
    assert operated.upstream.out == []
    assert await operated.follower.step() == 1
    assert not operated.upstream.is_up
    states = [await state_of(operated.store, number) for number in range(1, 5)]
    assert states == [State.SENT, State.SENT, State.QUEUED, State.QUEUED]


async def test_stopping_leaves_at_once_and_what_was_in_doubt_is_sent_again(operated: Operated) -> None:
    await operated.order(Wanted.STOPPED)
    assert not operated.upstream.is_up
    await operated.sender.outcomes.record()
    assert {await state_of(operated.store, number) for number in range(1, 5)} == {State.QUEUED}
    assert await operated.follower.step() == 0
    await operated.order(Wanted.RUNNING)
    assert (operated.upstream.is_up, operated.follower.takes("link")) == (True, True)
    await operated.sender.step()
    assert len(operated.upstream.out) == 2


async def test_a_drain_can_be_taken_back_before_it_is_over(operated: Operated) -> None:
    await operated.order(Wanted.DRAINING)
    await operated.order(Wanted.RUNNING)
    assert operated.upstream.is_up
    operated.upstream.answer(Accepted("A1"))
    await operated.sender.outcomes.record()
    await operated.sender.step()
    assert len(operated.upstream.out) == 2


async def test_an_order_outlives_its_gateway(operated: Operated, clock: FakeClock) -> None:
    await operated.order(Wanted.STOPPED)
    again = Operated(operated.store, clock)
    await again.follower.step()
    assert not again.upstream.is_up
    assert await again.sender.step() == 0
