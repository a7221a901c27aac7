"""What waits for links that the settings lack, and routes to them, is named."""

from __future__ import annotations

import pytest
from tests.store.building import NOW, a_message, accept

from aldis.accounts.routes import Route
from aldis.accounts.staff import Actor, Role
from aldis.admin import stranded
from aldis.admin.links import LinkOrders, OtherNodes
from aldis.errors import AdminError
from aldis.store.contract.metrics import Backlog
from aldis.store.contract.store import Store

GONE = "which is not in the settings"


@pytest.mark.parametrize(
    ("queued", "links", "sentences"),
    [
        ({}, ["a"], []),
        ({"a": {1: 5}}, ["a"], []),
        ({"a": {1: 5}, "b": {0: 2, 3: 1}}, ["a"], [f"3 messages wait for link `b`, {GONE}"]),
        ({"b": {1: 0}}, ["a"], []),
        ({"b": {1: 1}}, [], [f"1 messages wait for link `b`, {GONE}"]),
    ],
)
def test_links_that_are_gone_while_messages_wait(
    queued: dict[str, dict[int, int]], links: list[str], sentences: list[str]
) -> None:
    assert stranded.waiting(Backlog(queued, 0), links) == sentences


@pytest.mark.parametrize(
    ("route", "sentences"),
    [
        (Route("a"), []),
        (Route("a", backups=("a",)), []),
        (Route("b"), [f"the route of everything names link `b`, {GONE}"]),
        (
            Route("a", carrier="vodafone", country="GB", backups=("b", "c", "b")),
            [f"the route of carrier vodafone, country GB names link `{name}`, {GONE}" for name in "bc"],
        ),
    ],
)
def test_routes_to_links_that_do_not_exist(route: Route, sentences: list[str]) -> None:
    assert stranded.routed([route], ["a"]) == sentences


async def test_a_link_that_is_gone_is_listed_while_messages_wait(demo_store: Store) -> None:
    await accept(demo_store, a_message(1, link="gone"))
    orders = LinkOrders(
        demo_store.link_states,
        demo_store.metrics,
        OtherNodes(demo_store.nodes, ""),
        {"link": None},
        dict,
        lambda: None,
    )
    assert [(each.name, each.is_known, each.backlog) for each in await orders.links()] == [
        ("link", True, 0),
        ("gone", False, 1),
    ]
    with pytest.raises(AdminError, match="there is no link `gone`"):
        await orders.order(Actor("root", Role.ADMIN, "api"), "gone", "stop", NOW)
