"""The network between gateway, carrier, primary and standbys is cut without a word, and comes back; the primary's disk
is full, and is not any more. Run by `make cluster-cuts`, in namespaces that are made for it.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aldis.store.contract.store import Store
from tests.backends import migrate_postgresql
from tests.cluster.faults import KILLS, accept, until_commits_wait, until_shares
from tests.crash.world import ENDED, World
from tests.fakes.cluster import DatabaseCluster
from tests.fakes.customer import FakeCustomer
from tests.fakes.network import among_servers, both_ways, cut, is_ours, of_gateway, of_group
from tests.fakes.postgresql import NOBODY, PostgresServer, programs

pytestmark = pytest.mark.skipif(not is_ours(), reason="only in namespaces of its own: make cluster-cuts")

#: the group of a gateway whose network is cut by itself
APART = 65_533
YES = "result_code=0"


def ports_of(cluster: DatabaseCluster) -> list[int]:
    return [member.port for member in cluster.members]


async def test_a_gateway_that_is_cut_off_its_database_says_no_and_comes_back(
    world: World, cluster: DatabaseCluster, chance: random.Random
) -> None:
    for _ in range(KILLS):
        sending = asyncio.create_task(world.send_many(60))
        await world.send_until(sending, chance.randrange(60))
        with cut(*of_gateway(ports_of(cluster))):
            async with asyncio.timeout(40):  # nobody who asks waits for ever
                await sending
            assert YES not in await world.send_many(5)
        await accept(world, 20)
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0


@pytest.fixture
async def apart(world: World, store: Store) -> World:
    """With a second gateway, whose network can be cut by itself."""
    await world.add("apart").start("setpriv", "--regid", str(APART), "--clear-groups")
    await until_shares(store, 4, 4)
    return world


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_gateway_that_is_cut_off_its_database_leaves_its_messages_to_the_other(
    apart: World, store: Store, cluster: DatabaseCluster, chance: random.Random, *, is_killed: bool
) -> None:
    """While the carrier still answers it. `is_killed`: and what it noted of those answers is an older epoch's when
    it is started again.
    """
    _, lost = apart.children
    for _ in range(KILLS):
        sending = asyncio.create_task(apart.send_many(200))
        await apart.send_until(sending, chance.randrange(120))
        with cut(*of_group(ports_of(cluster), APART)):
            await until_shares(store, 8)
            if is_killed:
                await lost.end(signal.SIGKILL)
            wanted = len(apart.accepted) + 20
            while (
                len(apart.accepted) < wanted
            ):  # by the other one, once what was open of the lost one is ended
                await apart.send_many(40)
            await sending
        if is_killed:
            await lost.start("setpriv", "--regid", str(APART), "--clear-groups")
        await until_shares(store, 4, 4)
    await apart.balance(KILLS)
    for child in apart.children:
        assert await child.end(signal.SIGTERM) == 0


async def test_what_one_gateway_cannot_bring_to_the_carrier_the_other_does(
    apart: World, store: Store, chance: random.Random
) -> None:
    for _ in range(KILLS):
        sending = asyncio.create_task(apart.send_many(100))
        await apart.send_until(sending, chance.randrange(60))
        with cut(*of_group([apart.carrier.smpp_port], APART)):
            await sending
            assert await apart.send_many(30) == {YES: 30}
            while (await store.metrics.count_by_state()).keys() - ENDED:
                await asyncio.sleep(0.05)
    await apart.balance(KILLS)
    for child in apart.children:
        assert await child.end(signal.SIGTERM) == 0


async def test_what_is_accepted_while_the_carrier_is_cut_off_is_sent_later(
    world: World, chance: random.Random
) -> None:
    for _ in range(KILLS):
        sending = asyncio.create_task(world.send_many(60))
        await world.send_until(sending, chance.randrange(60))
        with cut(*both_ways([world.carrier.smpp_port])):
            assert (await world.send_many(30))[YES] == 30
            await sending
        await accept(world, 10)
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0


async def test_a_primary_that_is_cut_off_its_standbys_gives_no_yes(
    world: World, cluster: DatabaseCluster
) -> None:
    for _ in range(KILLS):
        before = len(world.accepted)
        with cut(*among_servers(ports_of(cluster))):
            sending = asyncio.create_task(world.send_many(30))
            await until_commits_wait(cluster.primary)
            assert len(world.accepted) == before
        await accept(world, 10)
        await sending
        await cluster.until_followed(2)
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0


async def test_a_primary_that_was_cut_off_its_standbys_loses_nothing_to_the_next(
    world: World, cluster: DatabaseCluster
) -> None:
    for _ in range(KILLS):
        with cut(*among_servers(ports_of(cluster))):
            sending = asyncio.create_task(world.send_many(30))
            await until_commits_wait(cluster.primary)
            before = set(world.accepted)
            await asyncio.to_thread(cluster.primary.kill)
        await cluster.promote()
        await accept(world, 10)
        await sending
        assert before <= world.accepted
        await cluster.recover()
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0


ROOM = 192 * 2**20


@pytest.fixture
def on_a_small_disk() -> Iterator[tuple[PostgresServer, Path]]:
    """A server whose data are on a file system of their own, with room for little more than they take."""
    found = programs()
    assert found is not None
    server = PostgresServer(found)
    disk = server.folder / "data"
    disk.mkdir(mode=0o700)
    options = f"size={ROOM},mode=0700,uid={NOBODY},gid={NOBODY}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=True)
    server.start()
    yield server, disk
    server.stop()
    subprocess.run(["umount", "--lazy", disk], check=True)
    server.remove()


async def test_a_primary_whose_disk_is_full_loses_nothing(
    on_a_small_disk: tuple[PostgresServer, Path], tmp_path: Path, customer: FakeCustomer
) -> None:
    server, disk = on_a_small_disk
    name = await server.create()
    url = server.url(name, server.port)
    await migrate_postgresql(url)
    world = World(tmp_path, customer, database=url)
    await world.start()
    await world.child.start()
    for _ in range(KILLS):
        filler = disk / "filler"
        with filler.open("wb") as file, suppress(OSError):  # until there is no room
            while file.write(bytes(65_536)):
                file.flush()
        async with asyncio.timeout(60):
            while (await world.send_many(50)).get(YES, 0) == 50:  # as long as there is room in what it has
                pass
        filler.unlink()
        await asyncio.to_thread(server.go_on)
        await accept(world, 20)
    await world.balance(KILLS)
    assert await world.child.end(signal.SIGTERM) == 0
    await world.stop()
