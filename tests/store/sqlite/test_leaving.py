"""A large submission is stored in pieces here, and its caller may leave between two."""

from __future__ import annotations

import asyncio

from aldis.store.contract.store import Store
from tests.store.building import a_message, accept
from tests.store.test_large import count, keep, many


async def test_whoever_leaves_in_the_middle_leaves_nothing(kept: Store) -> None:
    leaving = asyncio.ensure_future(keep(kept, many()))
    await accept(kept, a_message(1))
    leaving.cancel()
    await asyncio.wait([leaving])
    assert await count(kept) == 1
    assert await keep(kept, many()) is None
