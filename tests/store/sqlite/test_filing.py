"""A number is written down some ids at a time, across those that nobody has."""

from __future__ import annotations

from aldis.store.contract.store import Store
from tests.backends import apply
from tests.store.building import NOW, a_message, accept
from tests.store.conftest import DIRECTORY


async def test_so_many_ids_at_a_time_and_not_the_newest(store: Store) -> None:
    await apply(store, DIRECTORY, NOW)
    for number in (10_003, 20_000, 40_000, 40_002):
        await accept(store, a_message(number))
    filed = [await store.maintenance.index_recipients(25_000, 1) for _ in range(3)]
    assert filed == [25_000, 2, 0]
