"""What tests of moves share."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aldis.store.moving.tables import Row
from aldis.store.sqlite.engine.connection import open_new
from tests.fakes.postgresql import PostgresServer
from tests.store.moving.filling import fill

#: by table, its rows
Rows = dict[str, set[Row]]


@pytest.fixture
def file(tmp_path: Path, chance: random.Random) -> Path:
    """A store with rows in every table."""
    path = tmp_path / "aldis.db"
    open_new(path).close()
    fill(path, chance)
    return path


@pytest.fixture
async def other(postgres: PostgresServer, migrated: str) -> AsyncIterator[str]:
    """The address of one more empty database."""
    name = await postgres.create(migrated)
    yield postgres.url(name)
    await postgres.drop(name)
