"""Engines on databases of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from aldis.store.contract.store import Store
from aldis.store.postgresql.engine.opening import Engine, open_engine
from aldis.store.postgresql.store import open_postgresql
from tests.backends import apply
from tests.fakes.clock import FakeClock
from tests.store.building import NOW
from tests.store.conftest import DIRECTORY


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    """One gateway on a database."""
    made = await open_engine(database, "one", uuid4())
    yield made
    await made.close()


@pytest.fixture
async def store_and_other(database: str) -> AsyncIterator[tuple[Store, asyncpg.Connection]]:
    """A store with the tests' directory, and somebody else in its database."""
    store = await open_postgresql(database, FakeClock(), "one", uuid4())
    await apply(store, DIRECTORY, NOW)
    other = await asyncpg.connect(database, server_settings={"search_path": "aldis"})
    yield store, other
    other.terminate()
    await store.close()
