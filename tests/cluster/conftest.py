"""What the tests of lost databases share: a primary with two standbys, a gateway on it, and what it may not forget."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aldis.store.contract.store import Store
from tests.backends import migrate_postgresql
from tests.cluster.faults import KILLS, until_shares
from tests.crash.world import ENDINGS, World
from tests.fakes.cluster import DatabaseCluster
from tests.fakes.customer import FakeCustomer
from tests.fakes.postgresql import programs


@pytest.fixture(scope="session")
def _members() -> Iterator[DatabaseCluster]:
    """One cluster for each worker."""
    found = programs()
    if found is None and not os.environ.get("CI"):
        pytest.skip("no PostgreSQL is installed")
    assert found is not None, "PostgreSQL is not installed"
    made = DatabaseCluster(found)
    asyncio.run(made.start())
    yield made
    asyncio.run(made.remove())


@pytest.fixture
async def cluster(_members: DatabaseCluster) -> DatabaseCluster:
    """All three, whatever the test before this did to them."""
    await _members.recover()
    return _members


@pytest.fixture
async def database(cluster: DatabaseCluster) -> AsyncIterator[str]:
    """The address of an empty database with the schema in it, on whoever is the primary."""
    name = await cluster.primary.create()
    url = cluster.url(name)
    await migrate_postgresql(url)
    yield url
    await cluster.recover()
    await cluster.primary.drop(name)


@pytest.fixture
async def store(world: World) -> AsyncIterator[Store]:
    """The gateways' database, as somebody sees it who only looks."""
    made = await world.open()
    yield made
    await made.close()


@pytest.fixture
async def two(world: World, store: Store) -> World:
    """The same with another gateway, which has half of the link."""
    await world.add("two").start()
    await until_shares(store, 4, 4)
    return world


@pytest.fixture
async def world(tmp_path: Path, customer: FakeCustomer, database: str) -> AsyncIterator[World]:
    """Carrier, customer, and a gateway on the database that runs."""
    made = World(tmp_path, customer, database=database)
    made.endings = ENDINGS  # delivered, taken and not delivered, refused by the carrier and paid back
    await made.start()
    await made.child.start()
    yield made
    await made.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each the time that so many rounds take."""
    for item in items:
        if item.path.parent.name == "cluster":
            item.add_marker(pytest.mark.timeout(120 + 45 * KILLS))
