"""A large submission is stored in pieces here: others come between two, and its caller may leave."""

from __future__ import annotations

import asyncio

from aldis.store.contract.store import Store
from tests.store.building import POSTPAID, a_message, accept
from tests.store.test_large import MANY, count, keep, many


async def test_whoever_leaves_in_the_middle_leaves_nothing(kept: Store) -> None:
    leaving = asyncio.ensure_future(keep(kept, many()))
    await accept(kept, a_message(1))
    leaving.cancel()
    await asyncio.wait([leaving])
    assert await count(kept) == 1
    assert await keep(kept, many()) is None


async def test_others_come_between_the_pieces_of_several(kept: Store) -> None:
    large = [asyncio.ensure_future(keep(kept, many(first), POSTPAID)) for first in (10_000, 20_000, 30_000)]
    for number in range(1, 6):
        await accept(kept, a_message(number, account_id=POSTPAID))
        assert not all(task.done() for task in large)
    assert await asyncio.gather(*large) == [None] * 3
    assert await count(kept) == 3 * MANY + 5
