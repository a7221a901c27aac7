"""Each node says that it is there, and knows who else is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from aldis.errors import StoreUnavailable
from aldis.stages.cluster.differences import APART_MS, differences
from aldis.stages.cluster.membership import FORGET_EACH, Membership
from aldis.store.contract.nodes import LinkStanding, NodeState, NodeView
from aldis.traffic.slots import SLOTS
from tests.backends import open_store
from tests.fakes.clock import FakeClock
from tests.fakes.nodes import ALIVE_MS, SharedNodes
from tests.store.building import NOW
from tests.store.test_nodes import ENTRY, ONE, said

VIEW = NodeView(**{name: getattr(ONE, name) for name in ONE.__struct_fields__}, said_at=NOW, is_alive=True)


UP, DOWN = LinkStanding(is_up=True), LinkStanding()


def a_member(nodes: SharedNodes, name: str, links: dict[str, LinkStanding] | None = None) -> Membership:
    return Membership(
        nodes, name, lambda state: replace(ONE, name=name, state=state, links=links or ONE.links)
    )


@pytest.fixture
def nodes(clock: FakeClock) -> SharedNodes:
    return SharedNodes(clock)


async def test_who_is_silent_is_no_member(nodes: SharedNodes, clock: FakeClock) -> None:
    one, two = a_member(nodes, "one"), a_member(nodes, "two")
    assert (one.nodes, one.has_others) == ((), False)
    await one.step()
    assert not one.has_others
    await two.step()
    await one.step()
    assert [[view.name for view in each.nodes] for each in (one, two)] == [["one", "two"]] * 2
    clock.advance(ALIVE_MS / 1000)
    await one.step()
    assert [view.name for view in one.nodes] == ["one"]


LINKS = {"demo": UP, "a/b": DOWN}
DRAINED = {"is_drained": True}
CANDIDATES = [
    ("", [], "one two three"),
    ("", [("two", DRAINED)], "one three"),
    ("", [("two", {"state": NodeState.LEAVING}), ("one", DRAINED)], "three"),
    ("", [("one", DRAINED), ("two", DRAINED), ("three", DRAINED)], ""),
    ("demo", [], ""),
    ("demo", [("one", {"links": {"demo": UP}}), ("two", {"links": {"demo": DOWN}})], "one"),
    ("demo", [("one", {"links": {"demo": DOWN}}), ("two", {"links": {"demo": DOWN}})], "one two"),
    ("demo", [("one", {"links": {"demo": UP}, **DRAINED}), ("two", {"links": {"demo": DOWN}})], "two"),
    ("demo", [("one", {"links": {"demo": UP}}), ("three", {"links": {"demo": UP}})], "one three"),
]


@pytest.mark.parametrize(("link", "otherwise", "candidates"), CANDIDATES)
def test_who_can_be_given_a_part(
    nodes: SharedNodes, link: str, otherwise: list[tuple[str, dict[str, Any]]], candidates: str
) -> None:
    one = a_member(nodes, "one")
    views = {name: replace(VIEW, name=name, links={}) for name in ("one", "two", "three")}
    for name, fields in otherwise:
        views[name] = replace(views[name], **fields)
    one.nodes = tuple(views.values())
    assert one.candidates(link) == set(candidates.split())


@pytest.mark.parametrize("divided", ["link/demo", "link/a/b", "postbacks"])
@pytest.mark.parametrize("drained", ["", "two", "one two three"])
async def test_nodes_agree_on_who_owns_what(nodes: SharedNodes, divided: str, drained: str) -> None:
    names = ("one", "two", "three")
    members = [a_member(nodes, name, LINKS) for name in names]
    for _ in range(2):
        for member in members:
            await member.say()
        for name in drained.split():
            await nodes.drain(name, ENTRY, drained=True)
    for member in members:
        await member.say()
    owned = [slot for member in members for slot in member.wanted(divided)]
    assert sorted(owned) == ([] if drained == "one two three" else list(range(SLOTS)))
    for member in members:
        assert bool(member.wanted(divided)) is (member.node not in drained.split())
        assert member.takes_part is (member.node not in drained.split() or drained == "one two three")


async def test_a_link_may_be_up_elsewhere_only(nodes: SharedNodes, clock: FakeClock) -> None:
    for name, links in (("one", {"a": UP, "b": DOWN}), ("two", {"b": UP, "c": DOWN})):
        await nodes.say(replace(ONE, name=name, links=links))
    one = a_member(nodes, "one")
    await one.step()
    assert one.up_elsewhere == {"b"}
    clock.advance(ALIVE_MS / 1000)
    await one.step()
    assert one.up_elsewhere == frozenset()


async def test_who_cannot_say_anything_keeps_what_it_knew(nodes: SharedNodes, clock: FakeClock) -> None:
    one, two = a_member(nodes, "one"), a_member(nodes, "two")
    await two.step()
    await one.step()
    nodes.is_away = True
    clock.advance(60)
    with pytest.raises(StoreUnavailable):
        await one.step()
    assert one.has_others


async def test_who_stops_says_so_before_and_after(nodes: SharedNodes) -> None:
    one, two = a_member(nodes, "one"), a_member(nodes, "two")
    await two.step()
    running = asyncio.create_task(one.run())
    for state in (NodeState.SERVING, NodeState.LEAVING):
        while one.me is None or one.me.state is not state:
            await asyncio.sleep(0)
        one.leave()
    await two.step()
    assert [view.takes_part for view in two.nodes] == [False, True]
    one.stop()
    await running
    await two.step()
    assert [view.name for view in two.nodes] == ["two"]
    (left, _) = await nodes.all()
    assert (left.state, left.is_lost) == (NodeState.LEFT, False)


async def test_who_is_cut_off_stops_all_the_same(nodes: SharedNodes) -> None:
    one = a_member(nodes, "one")
    running = asyncio.create_task(one.run())
    while one.me is None:
        await asyncio.sleep(0)
    nodes.is_away = True
    one.stop()
    await running


async def test_a_node_hears_that_it_is_to_have_nothing(nodes: SharedNodes) -> None:
    one = a_member(nodes, "one")
    for drained in (False, True, False):
        await nodes.drain("one", ENTRY, drained=drained)
        await one.step()
        assert one.is_to_have_nothing is drained


async def test_what_is_old_is_looked_for_now_and_then(nodes: SharedNodes) -> None:
    one = a_member(nodes, "one")
    for _ in range(FORGET_EACH + 1):
        await one.step()
    assert nodes.forgotten == 2


async def test_a_store_of_its_own_has_one_member(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = open_store(tmp_path_factory.mktemp("alone"))
    one = Membership(store.nodes, "one", lambda state: replace(ONE, state=state))
    await one.step()
    assert (list(map(said, one.nodes)), one.has_others) == ([ONE], False)
    await store.close()


TWO = replace(VIEW, name="two")
DIFFERENCES = [
    ([], []),
    ([VIEW], []),
    ([VIEW, TWO], []),
    ([VIEW, replace(TWO, version="1.1")], ["versions are not the same: 1.0 on one; 1.1 on two"]),
    (
        [VIEW, TWO, replace(VIEW, name="three", settings={"link demo": "3c4d"})],
        ["the settings of link demo are not the same: 1a2b on one, two; 3c4d on three"],
    ),
    (
        [VIEW, replace(TWO, settings={})],
        ["the settings of link demo are not the same: 1a2b on one; none on two"],
    ),
    ([VIEW, replace(TWO, clock_at=NOW + APART_MS)], []),
    (
        [VIEW, replace(TWO, clock_at=NOW + APART_MS + 1)],
        ["the clock of two is +1.0 s from the database's"],
    ),
    (
        [replace(VIEW, clock_at=NOW - 5_250), TWO],
        ["the clock of one is -5.2 s from the database's"],
    ),
]


@pytest.mark.parametrize(("nodes_seen", "sentences"), DIFFERENCES)
def test_what_is_unequal_is_said(nodes_seen: list[NodeView], sentences: list[str]) -> None:
    assert differences(nodes_seen) == sentences
