"""STOP at one gateway, and what another one on the same database has claimed by then."""

from __future__ import annotations

import asyncio

import pytest

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.accounts.staff import Actor, Role
from aldis.admin.consents import Consents, Wish
from aldis.app.entropy import token
from aldis.errors import OptOutPending
from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece
from aldis.stages.inbound.addresses import AddressReader
from aldis.stages.inbound.collector import Collector
from aldis.stages.inbound.reply import Replier
from aldis.stages.opt_outs import AT_ONCE, OptOutBarrier, OptOutFollower, People
from aldis.stages.sending.sender import Sender
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.inbound import InboundPart
from aldis.traffic.states import State
from tests.backends import apply, lapse
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_sender import a_sender
from tests.store.building import NOW, a_message, accept, state_of
from tests.store.conftest import DIRECTORY

PERSON = "447700900001"
SENDER = """
[[account.sender]]
value = "74700"
"""
OTTO = Actor("otto", Role.OPERATOR, "console")


class Node:
    """A gateway's parts: who sends, who hears from handsets, who follows what others hear."""

    def __init__(self, store: Store, name: str, current: CurrentDirectory) -> None:
        assert store.shared is not None
        self.store = store
        self.clock = FakeClock()
        self.carrier = FakeUpstream(window=1)
        self.carrier.name = f"link {name}"
        self.sender: Sender = a_sender(store, self.carrier, self.clock, name=name)
        self.opt_outs = OptOutBarrier(self.sender.release_opted_out, store.shared, name, self._turn)
        self.follower = OptOutFollower(store.shared.opt_outs, name, self.release)
        self.released: People = set()
        self.waits = 0
        metrics = Metrics()
        self.collector = Collector(
            store.inbound,
            store.admission,
            current,
            self.clock,
            Replier(current, Router({}, lambda _: True)),
            AddressReader(current, {}, metrics),
            metrics,
            60,
            self.opt_outs,
        )

    def release(self, people: People) -> None:
        self.released |= people
        self.sender.release_opted_out(people)

    async def _turn(self, _seconds: float) -> None:
        self.waits += 1
        await asyncio.sleep(0)

    async def waiting(self) -> None:
        """Wait until one that hears of an opt-out waits for others."""
        while not self.waits:
            await asyncio.sleep(0.001)

    async def hear_stop(self) -> bool:
        """Hear STOP; returns whether the carrier hears yes."""
        said = asyncio.get_running_loop().create_future()
        part = InboundPart("link", PERSON, "74700", Piece(Alphabet.ASCII, b"STOP"), NOW)
        self.collector.take(part, said.set_result)
        await self.collector.step()
        return bool(await said)

    def on_the_way(self) -> list[str]:
        return [segment.recipient for segment in self.carrier.out]


@pytest.fixture
async def nodes(both: list[Store]) -> tuple[Node, Node]:
    await apply(both[0], DIRECTORY + SENDER, NOW)
    current = CurrentDirectory(await both[0].directory.load())
    a, b = (Node(store, name, current) for store, name in zip(both, "ab", strict=True))
    for node in (a, b):
        await node.follower.begin()
        await node.sender.own()
    return a, b


async def claim(node: Node) -> None:
    """Have a node claim a message to somebody else, which is on the wire, and two behind it."""
    for number, recipient in enumerate(("447700900002", PERSON, "447700900003"), start=1):
        await accept(node.store, a_message(number, recipient=recipient, link=node.carrier.name))
    await node.sender.step()
    assert node.on_the_way() == ["447700900002"]


async def send_all(node: Node) -> list[str]:
    """Have a carrier take what comes; gives to whom."""
    taken: list[str] = []
    while node.carrier.out:
        taken += node.on_the_way()
        node.carrier.accept_all()
        await node.sender.outcomes.record()
        node.sender.wake()
        await node.sender.step()
    return taken


async def test_a_stop_is_confirmed_after_all_gateways_have_released(nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    await claim(a)
    stopping = asyncio.create_task(b.hear_stop())
    await b.waiting()
    assert not stopping.done()
    assert await a.follower.step() == 1
    async with asyncio.timeout(10):
        assert await stopping
    assert a.released == {("74700", PERSON)}
    assert await send_all(a) == ["447700900002", "447700900003"]
    assert await state_of(a.store, 2) in {State.QUEUED, State.DELETED}


@pytest.mark.parametrize("by", ["hand", "file", "command"])
async def test_so_is_an_opt_out_in_whatever_way(nodes: tuple[Node, Node], by: str) -> None:
    a, b = nodes
    await claim(a)
    opt_outs = OptOutBarrier(lambda _: None, b.store.shared, "", b._turn) if by == "command" else b.opt_outs
    consents = Consents(b.store.consent, b.store.directory, b.store.audit, opt_outs, token, b.store.clock)
    wish = Wish("74700", "", ConsentKind.OPT_OUT)

    async def opt_out() -> None:
        if by == "file":
            assert [done async for done in consents.take_in(wish, [PERSON], NOW)] == [(1, 1)]
        else:
            await consents.change(OTTO, wish, PERSON, "by letter", NOW)

    opting_out = asyncio.create_task(opt_out())
    await b.waiting()
    assert not opting_out.done()
    for node in (a, b) if by == "command" else (a,):
        await node.follower.step()
    async with asyncio.timeout(10):
        await opting_out
    assert PERSON not in await send_all(a)


async def test_a_command_waits_for_the_only_gateway(nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    await claim(a)
    for lease in await b.sender.own():
        await b.store.ownership.give_back(lease)
    opt_outs = OptOutBarrier(lambda _: None, b.store.shared, "", b._turn)
    consents = Consents(b.store.consent, b.store.directory, b.store.audit, opt_outs, token, b.store.clock)
    opting_out = asyncio.create_task(
        consents.change(OTTO, Wish("74700", "", ConsentKind.OPT_OUT), PERSON, "by letter", NOW)
    )
    await b.waiting()
    await a.follower.step()
    async with asyncio.timeout(10):
        await opting_out
    assert PERSON not in await send_all(a)


async def test_a_gateway_that_is_gone_is_waited_for_until_its_leases_are_over(
    nodes: tuple[Node, Node],
) -> None:
    a, b = nodes
    await claim(a)
    stopping = asyncio.create_task(b.hear_stop())
    await b.waiting()
    assert not stopping.done()
    await lapse(b.store)
    async with asyncio.timeout(10):
        assert await stopping


async def test_one_that_was_taken_for_gone_and_comes_back_sends_nothing_that_it_had_claimed(
    nodes: tuple[Node, Node],
) -> None:
    a, b = nodes
    await claim(a)
    await lapse(b.store)
    assert await b.hear_stop()
    a.clock.advance(60)
    await a.sender.step()
    taken = await send_all(a)
    await a.sender.step()
    assert [*taken, *await send_all(a)] == ["447700900002", "447700900003"]


async def test_an_opt_out_that_a_gateway_does_not_hear_of_is_not_confirmed(nodes: tuple[Node, Node]) -> None:
    _, b = nodes
    assert not await b.hear_stop()
    with pytest.raises(OptOutPending):
        await b.opt_outs.settle()
    assert await b.store.consent.list_opted_out("74700", "", 10) == [PERSON]


async def test_nobody_is_waited_for_where_there_is_no_other_gateway(nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    await lapse(a.store)
    await b.sender.own()
    assert await b.hear_stop()
    assert b.waits == 0
    assert await b.follower.step() == 1  # it is told to nobody
    assert await b.follower.step() == 0


async def test_many_changes_are_followed_step_by_step(nodes: tuple[Node, Node]) -> None:
    a, b = nodes
    numbers = [f"4477009{number:05d}" for number in range(AT_ONCE + 1)]
    changes = [
        ConsentChange("74700", topic, number, kind, ConsentSource.FILE, "", NOW)
        for number in numbers
        for topic, kind in (("demo", ConsentKind.OPT_IN), ("", ConsentKind.OPT_OUT))
    ]
    for begin in range(0, len(changes), 500):
        await b.store.consent.change(changes[begin : begin + 500])
    assert [await a.follower.step() for _ in range(4)] == [AT_ONCE, AT_ONCE, 2, 0]
    assert a.released == {("74700", number) for number in numbers}
