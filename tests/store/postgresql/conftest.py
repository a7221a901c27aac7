"""Engines on databases of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from aldis.store.postgresql.engine.opening import Engine, open_engine


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    """One gateway on a database."""
    made = await open_engine(database, "one", uuid4())
    yield made
    await made.close()
