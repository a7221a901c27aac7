"""A batch of which something cannot be stored: all else is, once, and what is to blame is found in few calls."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.errors import LeaseLost, OutcomeUnknown, StoreUnavailable, TransitionRefused
from aldis.store.batches import store_apart

#: what happens to an item: nothing, or this
FAULTS = (None, None, ValueError("row"), TransitionRefused("moved on"), StoreUnavailable("away"))


class Table:
    """Takes batches whole or not at all."""

    def __init__(self, faults: Sequence[Exception | None]) -> None:
        self.faults = faults
        self.stored: list[int] = []
        self.calls = 0

    async def store(self, batch: Sequence[int]) -> None:
        self.calls += 1
        for item in batch:
            if (fault := self.faults[item]) is not None:
                raise fault
        self.stored += batch


@given(st.lists(st.sampled_from(FAULTS), max_size=40))
async def test_whatever_happens_each_item_is_stored_once_or_told(faults: list[Exception | None]) -> None:
    table = Table(faults)
    unstored = await store_apart(table.store, range(len(faults)), "things")
    told = [item for item, _ in unstored]
    assert sorted(table.stored + told) == list(range(len(faults)))
    assert told == sorted(told)
    for item, fault in unstored:
        if not isinstance(fault, StoreUnavailable):
            assert fault is faults[item]  # nobody is blamed for another


@given(st.integers(1, 600), st.data())
async def test_one_bad_item_is_found_by_halves(size: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, size - 1))
    table = Table([ValueError() if item == bad else None for item in range(size)])
    assert [item for item, _ in await store_apart(table.store, range(size), "things")] == [bad]
    assert table.calls <= 1 + 2 * math.ceil(math.log2(size))


@pytest.mark.parametrize("fault", [StoreUnavailable("away"), OutcomeUnknown("lost")])
async def test_nobody_is_looked_for_where_nobody_is_to_blame(fault: Exception) -> None:
    table = Table([fault, *[None] * 9])
    assert await store_apart(table.store, range(10), "things") == [(item, fault) for item in range(10)]
    assert table.calls == 1


async def test_what_belongs_to_another_owner_is_not_tried_further() -> None:
    table = Table([ValueError("row"), None, LeaseLost("another's"), None])
    with pytest.raises(LeaseLost):
        await store_apart(table.store, range(4), "things")


async def test_nothing_is_stored_without_a_call_too_many() -> None:
    table = Table([None] * 9)
    assert await store_apart(table.store, range(9), "things") == []
    assert table.calls == 1
