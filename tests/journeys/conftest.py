"""Journeys go through the processes that an operator's gateway has, forked from one that has imported it all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.backends import forking_runner
from tests.fakes.cells import Pair, cell_pair
from tests.fakes.customer import FakeCustomer
from tests.fakes.postgresql import PostgresServer
from tests.fakes.whole import WholeGateway


@pytest.fixture(autouse=True)
def _as_operators_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WholeGateway, "writer", "auto")
    monkeypatch.setattr("aldis.app.stores.WriterClient", forking_runner)


@pytest.fixture
async def pair(
    postgres: PostgresServer, migrated: str, tmp_path: Path, customer: FakeCustomer
) -> AsyncIterator[Pair]:
    """Two cells; the account `demo` lives in the second."""
    async with cell_pair(postgres, migrated, tmp_path, customer) as made:
        yield made
