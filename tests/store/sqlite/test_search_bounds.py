"""How far one look goes: with bounds of a few ids, so that a few messages are more than it looks at."""

from __future__ import annotations

import pytest

from aldis.store.contract.search import Grouping, MessageFilter
from aldis.store.contract.store import Store
from aldis.store.sqlite.reads import searching
from tests.store.building import NOW, a_message, accept
from tests.store.test_search import HOUR, ids, some


async def test_a_page_that_has_looked_at_enough_says_how_far_it_came(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LOOK", 3)
    await some(kept)
    page = await kept.search.messages(MessageFilter(sender="nobody"), 0, 10)
    assert (page.found, page.next_before, page.looked_back_to) == ((), 4, NOW + 3 * HOUR)
    page = await kept.search.messages(MessageFilter(sender="nobody"), page.next_before, 10)
    assert (page.found, page.next_before, page.looked_back_to) == ((), 0, 0)


async def test_ids_that_nobody_has_are_leapt_over(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "LOOK", 10)
    await accept(kept, a_message(5))
    await accept(kept, a_message(900_000))
    assert await ids(kept, limit=10) == [900_000]
    page = await kept.search.messages(MessageFilter(), 0, 10)
    assert page.next_before
    assert await ids(kept, before=page.next_before) == [5]


async def test_sums_of_many_parts(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PART", 2)
    await some(kept)
    assert [each.accepted for each in await kept.search.sums(MessageFilter(), Grouping.COUNTRY, 1_000)] == [
        1,
        4,
        1,
    ]
