"""The backends of the store; a new one adds its name to `BACKENDS` and must pass what is asked of every
store.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from aldis.accounts import directory_file
from aldis.accounts.plan import plan
from aldis.dialects.registry import TRAITS
from aldis.store.contract import Store
from aldis.store.sqlite.store import SqliteStore
from tests.store.building import NOW, a_runner

BACKENDS: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda folder: SqliteStore(folder / "aldis.db"),
    "sqlite, writer's process": lambda folder: SqliteStore(folder / "aldis.db", a_runner(folder)),
}

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


async def apply_directory(store: Store) -> None:
    """Give a store the directory that its tests need."""
    wanted = directory_file.read(DIRECTORY, "d.toml", TRAITS)
    await store.apply(plan(wanted, await store.stored_directory(), TRAITS), NOW)


#: starts an interpreter for each test
SLOW = {"sqlite, writer's process"}


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in sorted(BACKENDS)]
)
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = BACKENDS[request.param](tmp_path)
    await apply_directory(store)
    yield store
    await store.close()
