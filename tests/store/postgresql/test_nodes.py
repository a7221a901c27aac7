"""Several gateways on one database: who is there, who is lost, and what becomes of what a lost one had."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from aldis.accounts.staff import AuditEntry
from aldis.errors import LeaseLost
from aldis.store.contract.nodes import NodeState, NodeView
from aldis.store.contract.ownership import slot_of
from aldis.store.contract.store import Store
from tests.store.building import NOW
from tests.store.postgresql.at_once import holding
from tests.store.test_nodes import ONE, said

TWO = replace(ONE, name="two", holder="two 1", version="1.1")
ENTRY = AuditEntry(NOW, "ada", "console", "drain node", "two")
#: what has a node be silent, or a row be made, so many seconds ago
SILENT = "UPDATE node SET said_at = said_at - interval '{} s' WHERE name = 'two'"
KILLED = "INSERT INTO gateway (node, lane, holder) VALUES ('{}', 0, gen_random_uuid())"
OLD = "UPDATE gateway SET made_at = made_at - interval '1 h' WHERE node LIKE '{}'"


async def execute(database: str, statement: str) -> None:
    async with holding(database, statement):
        pass


async def see(store: Store) -> dict[str, NodeView]:
    return {view.name: view for view in await store.nodes.all()}


async def test_each_sees_all_as_they_said_it_last(both: list[Store]) -> None:
    one, two = both
    assert [view.name for view in await one.nodes.say(ONE)] == ["one"]
    views = await two.nodes.say(TWO)
    assert list(map(said, views)) == [ONE, TWO]
    later = replace(ONE, state=NodeState.LEAVING, clock_at=NOW + 1)
    assert list(map(said, await one.nodes.say(later))) == [later, TWO]
    assert [view.takes_part for view in await two.nodes.all()] == [False, True]


async def test_who_is_silent_for_as_long_as_a_lease_holds_is_lost(both: list[Store], database: str) -> None:
    one, two = both
    await two.nodes.say(TWO)
    await execute(database, SILENT.format(2))
    assert (await see(one))["two"].is_alive
    await execute(database, SILENT.format(1))
    view = (await see(one))["two"]
    assert (view.is_alive, view.is_lost, view.takes_part) == (False, True, False)
    await two.nodes.say(TWO)
    assert (await see(one))["two"].is_alive
    await two.nodes.say(replace(TWO, state=NodeState.LEFT))
    view = (await see(one))["two"]
    assert (view.is_alive, view.is_lost, view.takes_part) == (False, False, False)


async def test_what_is_wanted_of_a_node_outlives_its_new_start(both: list[Store]) -> None:
    one, two = both
    assert not await one.nodes.drain("two", ENTRY, drained=True)
    await two.nodes.say(TWO)
    assert await one.nodes.drain("two", ENTRY, drained=True)
    (view,) = await two.nodes.say(replace(TWO, holder="two 2"))
    assert (view.is_drained, view.takes_part, view.holder) == (True, False, "two 2")
    assert await one.nodes.drain("two", ENTRY, drained=False)
    (view,) = await two.nodes.all()
    assert view.takes_part
    assert len(await one.audit.log(0, 10)) == 2


async def test_a_lost_node_that_is_removed_writes_nothing_more(both: list[Store], database: str) -> None:
    one, two = both
    await two.nodes.say(TWO)
    lease = await two.ownership.acquire(slot_of("link"), TWO.holder)
    other = await one.ownership.acquire(slot_of("other"), ONE.holder)
    assert lease is not None
    assert other is not None
    assert await one.nodes.held() == {ONE.holder: (other.resource,), TWO.holder: (lease.resource,)}
    assert not await one.nodes.remove("two", ENTRY)  # it is alive
    assert not await one.nodes.remove("three", ENTRY)
    await execute(database, SILENT.format(4))
    assert await one.nodes.remove("two", ENTRY)
    assert await one.nodes.all() == ()
    assert await one.nodes.held() == {ONE.holder: (other.resource,)}
    for attempt in (two.nodes.say(TWO), two.ownership.renew(lease)):
        with pytest.raises(LeaseLost):
            await attempt
    assert await one.ownership.renew(lease) is None
    taken = await one.ownership.acquire(lease.resource, ONE.holder)
    assert taken is not None
    assert taken.epoch > lease.epoch


async def test_who_removes_a_node_waits_for_what_it_has_under_way(both: list[Store], database: str) -> None:
    one, two = both
    await two.nodes.say(TWO)
    await execute(database, SILENT.format(4))
    async with holding(database, "SELECT FROM gateway WHERE node = 'two' FOR UPDATE") as held:
        removing = asyncio.ensure_future(one.nodes.remove("two", ENTRY))
        await held.until(1)
    assert await removing


async def test_what_was_left_behind_long_ago_is_forgotten(both: list[Store], database: str) -> None:
    one, two = both
    for name in ("host command 0123456789abcdef", "host command fedcba9876543210", "host /data/command 12"):
        await execute(database, KILLED.format(name))
    await two.nodes.say(TWO)
    lease = await two.ownership.acquire(slot_of("link"), TWO.holder)
    assert lease is not None
    await execute(database, OLD.format("%c%"))
    assert await one.nodes.forget(3601, 3600) == 0
    assert await one.nodes.forget(3600, 3600) == 2
    await execute(database, SILENT.format(3601))
    assert await one.nodes.forget(3600, 3600) == 1
    assert await one.nodes.all() == ()
    assert await one.ownership.renew(lease) is None
    async with holding(database, "SELECT 1") as held:
        rows = await held._db.fetch("SELECT DISTINCT node FROM gateway ORDER BY node")
    assert [row[0] for row in rows] == ["host /data/command 12", "one"]
