"""A store of each backend, with a small directory in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from aldis.store.contract.store import Store
from tests.backends import BACKENDS, ON_A_SERVER, Place, apply
from tests.store.building import NOW

DIRECTORY = """
[[route]]
link = "link"
[[price]]
per_segment = "0.05"
[[opt_in]]
sender = "74700"
topic = "demo"
numbers = ["14805550100-14805550109"]
[[account]]
name = "rich"
credit = "1.00"
[[account]]
name = "postpaid"
prepaid = false
"""


#: start an interpreter for each test, or a server
SLOW = {"sqlite, writer's process", *ON_A_SERVER}


def parameters(names: Iterable[str]) -> list[Any]:
    """Give backends as the parameters of a fixture."""
    return [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in sorted(names)]


@pytest.fixture(params=parameters(BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """Give where a backend's data are to be; a database where it wants one."""
    return Place(tmp_path, request.getfixturevalue("database") if backend in ON_A_SERVER else "")


@pytest.fixture
async def kept(backend: str, place: Place) -> AsyncIterator[Store]:
    store = await BACKENDS[backend](place)
    await apply(store, DIRECTORY, NOW)
    yield store
    await store.close()
