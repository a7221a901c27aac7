"""Journeys go through the processes that an operator's gateway has, forked from one that has imported it all."""

from __future__ import annotations

import pytest
from tests.backends import forking_runner
from tests.fakes.whole import WholeGateway


@pytest.fixture(autouse=True)
def _as_operators_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WholeGateway, "writer", "auto")
    monkeypatch.setattr("aldis.app.stores.WriterClient", forking_runner)
