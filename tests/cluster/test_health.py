"""What `aldis doctor` hears of a primary with standbys, and of one without."""

from __future__ import annotations

import asyncio
import re

import pytest

from aldis.clock import SystemClock
from aldis.store.contract.metrics import StoreHealth
from aldis.store.postgresql.stores import health
from tests.fakes.cluster import DatabaseCluster


async def look(url: str) -> StoreHealth:
    return await health.look_over(url, SystemClock())


def said(seen: StoreHealth) -> dict[str, bool]:
    """Give what is said, and whether it is a fault."""
    return {remark.says: remark.is_fault for remark in seen.remarks}


def place_of(cluster: DatabaseCluster, which: int) -> str:
    return f"127.0.0.1:{cluster.standbys[which].port}"


async def test_a_quorum_in_order(cluster: DatabaseCluster, database: str) -> None:
    seen = await look(database)
    assert seen.found == "ok"
    first, second = (cluster.name_of(standby) for standby in cluster.standbys)
    assert f"standbys: {first} (quorum, 0.0 MiB behind), {second} (quorum, 0.0 MiB behind)" in said(seen)
    odd = re.compile("to spare|does not answer|versions differ|take themselves")
    assert [says for says in said(seen) if odd.search(says)] == []


async def test_a_standby_that_is_gone_is_named_before_the_other_goes(
    cluster: DatabaseCluster, database: str
) -> None:
    gone = place_of(cluster, 1)
    await asyncio.to_thread(cluster.standbys[1].kill)
    seen = said(await look(database))
    assert seen[f"{gone} does not answer (ConnectionRefusedError)"] is False
    assert [is_fault for says, is_fault in seen.items() if "none is to spare" in says] == [False]


async def test_that_nothing_is_accepted_without_standbys_is_a_fault(
    cluster: DatabaseCluster, database: str
) -> None:
    for standby in cluster.standbys:
        await asyncio.to_thread(standby.kill)
    seen = said(await look(database))
    assert [is_fault for says, is_fault in seen.items() if "nothing is accepted" in says] == [True]


async def test_a_standby_that_cannot_keep_up(
    cluster: DatabaseCluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "MUCH_LAG", 0)
    await asyncio.to_thread(cluster.standbys[0].freeze)
    await cluster.primary.execute("CREATE TABLE IF NOT EXISTS written (by int)")
    seen = await look(database.replace(f",{place_of(cluster, 0)}", ""))
    (standbys,) = (remark for remark in seen.remarks if remark.says.startswith("standbys: "))
    assert "cannot keep up" in standbys.advice


async def test_two_that_take_themselves_for_the_primary_are_a_fault(
    cluster: DatabaseCluster, database: str
) -> None:
    await cluster.promote()
    seen = said(await look(database))
    assert [is_fault for says, is_fault in seen.items() if says.endswith("for the primary")] == [True]


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("max_slot_wal_keep_size", "-1", "max_slot_wal_keep_size is -1: "),
        ("wal_sender_timeout", "0", "wal_sender_timeout is 0: "),
        ("tcp_user_timeout", "0", "tcp_user_timeout is 0: "),
        ("autovacuum", "off", "autovacuum is off: "),
    ],
)
async def test_settings_that_let_a_lost_machine_do_harm(
    cluster: DatabaseCluster, database: str, setting: str, value: str, says: str
) -> None:
    try:
        await cluster.set(setting, value)
        assert any(each.startswith(says) for each in said(await look(database)))
        await cluster.set(setting, {"autovacuum": "on"}.get(setting, "4321"))
        assert not any(each.startswith(says) for each in said(await look(database)))
    finally:
        await cluster.reset(setting)
