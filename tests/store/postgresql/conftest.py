"""Engines on databases of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from aldis.store.contract.store import Store
from aldis.store.postgresql.engine.opening import Engine, open_engine
from aldis.store.postgresql.store import open_postgresql
from tests.fakes.clock import FakeClock


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    """One gateway on a database."""
    made = await open_engine(database, "one", uuid4())
    yield made
    await made.close()


@pytest.fixture
async def both(database: str) -> AsyncIterator[list[Store]]:
    """Two gateways on one database."""
    made = [await open_postgresql(database, FakeClock(), node, uuid4()) for node in ("one", "two")]
    yield made
    for store in made:
        await store.close()
