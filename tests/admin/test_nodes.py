"""Nodes as operators see them, and their orders."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.fakes.clock import FakeClock
from tests.fakes.nodes import ALIVE_MS, SharedNodes
from tests.stages.test_membership import VIEW
from tests.store.building import NOW
from tests.store.test_nodes import ONE

from aldis.accounts.staff import Actor, Role
from aldis.admin.checkup import CheckResult
from aldis.admin.nodes import Nodes, ShownNode, findings
from aldis.errors import AdminError
from aldis.store.contract.nodes import LinkStanding, NodeState, NodeView

ADA = Actor("ada", Role.OPERATOR, "console")
LOST = replace(VIEW, is_alive=False)


@pytest.mark.parametrize(
    ("view", "held", "standing"),
    [
        (VIEW, (), "serving"),
        (LOST, (), "lost"),
        (replace(LOST, is_drained=True), ("jobs",), "lost"),
        (replace(VIEW, state=NodeState.LEAVING), (), "leaving"),
        (replace(LOST, state=NodeState.LEFT), (), "left"),
        (replace(LOST, state=NodeState.LEFT, is_drained=True), (), "left"),
        (replace(VIEW, is_drained=True), ("jobs",), "draining"),
        (replace(VIEW, is_drained=True), (), "drained"),
    ],
)
def test_a_node_stands_in_a_word(view: NodeView, held: tuple[str, ...], standing: str) -> None:
    assert ShownNode(view, held).standing == standing


@pytest.mark.parametrize(
    ("held", "share"),
    [
        ((), ""),
        (("jobs",), "jobs"),
        (("link/b/0", "link/a/b/1", "link/a/b/7"), "a/b 2, b 1"),
        (("jobs", "link/a/0", "maintenance", "postbacks/3", "postbacks/5"), "a 1, postbacks 2, jobs, maintenance"),
    ],
)  # fmt: skip
def test_what_a_node_has_is_counted(held: tuple[str, ...], share: str) -> None:
    assert ShownNode(VIEW, held).share == share


def test_a_lost_node_has_no_link_up() -> None:
    links = {"a": LinkStanding(is_up=True), "b": LinkStanding()}
    assert ShownNode(replace(VIEW, links=links), ()).links_up == ["a"]
    assert ShownNode(replace(LOST, links=links), ()).links_up == []


async def nodes_named(clock: FakeClock, *names: str) -> SharedNodes:
    shared = SharedNodes(clock)
    for name in names:
        await shared.say(replace(ONE, name=name))
    return shared


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("alpha /data", "alpha /data"),
        ("alpha", "alpha /data"),
        ("beta /one", "beta /one"),
        ("beta", "more than one node is on `beta`; known: `beta /one`, `beta /two`"),
        ("alph", "there is no node `alph`; known: "),
        ("", "there is no node ``; known: "),
    ],
)
async def test_a_node_is_named_whole_or_by_its_host(clock: FakeClock, given: str, meant: str) -> None:
    nodes = Nodes(await nodes_named(clock, "alpha /data", "beta /one", "beta /two"))
    if "known" not in meant:
        assert await nodes.order(ADA, given, "drain", NOW) == meant
        assert [each.view.name for each in await nodes.all() if each.view.is_drained] == [meant]
    else:
        with pytest.raises(AdminError, match=meant) as refused:
            await nodes.order(ADA, given, "drain", NOW)
        assert refused.value.status == 404


async def test_only_who_is_lost_is_forgotten(clock: FakeClock) -> None:
    nodes = Nodes(await nodes_named(clock, "one", "two"))
    with pytest.raises(AdminError, match="`two` is alive: stop it first") as refused:
        await nodes.order(ADA, "two", "remove", NOW)
    assert refused.value.status == 409
    clock.advance(ALIVE_MS / 1000)
    await nodes.order(ADA, "two", "remove", NOW)
    assert [each.view.name for each in await nodes.all()] == ["one"]
    with pytest.raises(AdminError, match="cannot be told to burn"):
        await nodes.order(ADA, "one", "burn", NOW)


OK, WARN = CheckResult.OK, CheckResult.WARN


@pytest.mark.parametrize(
    ("views", "found"),
    [
        ([], [(WARN, "no gateway takes part")]),
        ([VIEW], [(OK, "1 take part: one")]),
        ([replace(VIEW, is_drained=True)], [(WARN, "no gateway takes part")]),
        (
            [VIEW, replace(LOST, name="two", version="0")],
            [(OK, "1 take part: one"), (WARN, "two has said nothing since 20")],
        ),
        (
            [VIEW, replace(VIEW, name="two", version="1.1")],
            [(OK, "2 take part: one, two"), (WARN, "versions are not the same")],
        ),
    ],
)
def test_the_doctor_looks_at_nodes(views: list[NodeView], found: list[tuple[CheckResult, str]]) -> None:
    told = findings([ShownNode(view, ()) for view in views])
    assert [each.verdict for each in told] == [verdict for verdict, _ in found]
    for each, (_, says) in zip(told, found, strict=True):
        assert each.says.startswith(says)
        assert bool(each.advice) is (each.verdict is WARN)
