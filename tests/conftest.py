"""What many tests need: a clock that stands still until told, a store, the demo's directory, whole gateways."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import argon2
import pytest

from aldis.accounts import credentials, directory_file
from aldis.accounts.plan import plan
from aldis.demo.world import text_of
from aldis.dialects.registry import TRAITS
from aldis.store.sqlite.store import SqliteStore
from tests.fakes.clock import FakeClock
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

#: other people's implementations are installed by `make interop` and `make e2e` only
collect_ignore = [folder for folder in ("interop", "e2e") if not os.environ.get(f"ALDIS_{folder.upper()}")]


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """Argon2id with as little work as it takes: every gateway of a test hashes a dozen passwords."""
    credentials._HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "aldis.db")
    yield made
    await made.close()


@pytest.fixture(scope="session")
def demo_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo's directory in it, made once: hashing its passwords takes a while."""
    path = tmp_path_factory.mktemp("demo") / "aldis.db"

    async def make() -> None:
        store = SqliteStore(path)
        wanted = directory_file.read(text_of("world.toml"), "world.toml", TRAITS)
        await store.apply(plan(wanted, await store.stored_directory(), TRAITS), FakeClock().now())
        await store.close()

    asyncio.run(make())
    return path


@pytest.fixture
async def demo_store(demo_database: Path, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store with the demo's directory in it."""
    made = SqliteStore(Path(shutil.copy(demo_database, tmp_path / "demo.db")))
    yield made
    await made.close()


@pytest.fixture
async def customer() -> AsyncIterator[FakeCustomer]:
    made = FakeCustomer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def whole(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    """A gateway with the demo's world and a simulated carrier, all on loopback ports of their own."""
    made = WholeGateway(tmp_path / "data", customer)
    await made.start()
    yield made
    await made.stop()
