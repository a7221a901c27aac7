"""Agents that own what they work on: they take a lease, give it back, and stop where it is another's."""

from __future__ import annotations

import asyncio

import pytest

from aldis.accounts.directory import CurrentDirectory
from aldis.app.agents import RunningAgents
from aldis.errors import LeaseLost
from aldis.stages.owner import Holder, Owner
from aldis.stages.sending.upstream import Accepted
from aldis.store.contract.ownership import JOBS, Lease, slot_of
from aldis.store.contract.store import Store
from aldis.traffic.states import State
from tests.backends import held, own, take
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_dispatcher import Bench
from tests.stages.test_sender import a_sender
from tests.store.building import a_message, accept, state_of


class Working(Owner):
    """Asks the store whether it may work."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        super().__init__("working", 0.001, Holder(store.ownership, "us", clock), lambda: {slot_of("link")})
        self._store = store
        self.worked = asyncio.Event()
        self.lease: Lease | None = None

    async def step(self) -> int:
        (self.lease,) = await held(self)
        await self._store.sending.recover([self.lease], hold=False, now=0)
        self.worked.set()
        return 0


async def test_a_lease_is_taken_once_and_given_back_at_the_end(demo_store: Store, clock: FakeClock) -> None:
    for epoch in (1, 3):  # what was given back has an epoch of its own
        agent, agents = Working(demo_store, clock), RunningAgents()
        agents.start(agent)
        for _ in range(2):
            await agent.worked.wait()
            agent.worked.clear()
        assert agent.lease == Lease(slot_of("link"), "us", epoch)
        assert await demo_store.ownership.renew(agent.lease)
        agents.stop()
        await agents.ended()
        assert not await demo_store.ownership.renew(agent.lease)


async def test_who_has_lost_its_lease_stops_and_does_not_take_it_again(
    demo_store: Store, clock: FakeClock
) -> None:
    agent = Working(demo_store, clock)
    running = asyncio.create_task(agent.run())
    await agent.worked.wait()
    (theirs,) = await own(demo_store)
    async with asyncio.timeout(10):
        await running
    assert await demo_store.ownership.renew(theirs)


@pytest.mark.parametrize("hold", [False, True])
async def test_a_sender_that_was_taken_for_dead_keeps_nothing_and_ends(
    demo_store: Store, clock: FakeClock, *, hold: bool
) -> None:
    for number in range(1, 5):
        await accept(demo_store, a_message(number))
    upstream = FakeUpstream(window=2)
    sender = a_sender(demo_store, upstream, clock, hold=hold)
    await sender.own()
    await sender.step()
    before = [await state_of(demo_store, number) for number in range(1, 5)]
    (theirs,) = await own(demo_store)
    upstream.answer(Accepted("A1"))
    await sender.outcomes.record()
    assert await sender.step() == 0
    upstream.accept_all()
    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(10):
        await running
    assert sender.is_drained
    assert upstream.out == []
    assert [await state_of(demo_store, number) for number in range(1, 5)] == before
    assert await demo_store.sending.recover([theirs], hold=False, now=clock.now()) == before.count(
        State.SENDING
    )
    assert await demo_store.ownership.renew(theirs)


async def test_a_job_goes_on_with_its_new_owner(demo_store: Store, clock: FakeClock) -> None:
    current = CurrentDirectory(await demo_store.directory.load())
    bench, other = Bench(demo_store, clock, current), Bench(demo_store, clock, current)
    await bench.dispatcher.own()
    job_id = await bench.job(("447700900001", "A"), ("447700900002", "B"))
    await other.dispatcher.own()
    with pytest.raises(LeaseLost):
        await bench.dispatcher.step()
    assert (await bench.look(job_id)).reached == 0
    assert await other.dispatcher.step() == 2
    job = await bench.look(job_id)
    assert (job.reached, job.accepted, job.refused) == (2, 2, 0)  # accepted once, though tried twice
    assert (await take(demo_store, JOBS)).epoch == 3
