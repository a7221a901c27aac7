"""What the crash tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.world import World
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway


@pytest.fixture(autouse=True)
def _as_operators_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WholeGateway, "writer", "auto")


@pytest.fixture
async def world(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[World]:
    """Carrier and customer, and a gateway to be started."""
    made = World(tmp_path, customer)
    await made.start()
    yield made
    await made.stop()
