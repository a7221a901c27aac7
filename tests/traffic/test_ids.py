"""Blocks of ids: given once, growing, apart from those of other cells."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.traffic.ids import CELLS, ROW_IDS, IdBlocks, cell_of_id, next_block
from aldis.traffic.slots import SLOTS, slot_of_id

NOW = 1_700_000_000_000
#: as it was before ids had cells
OLD = (NOW << 12) + 10_001
BLOCKS = st.lists(st.tuples(st.integers(-5_000, 5_000), st.integers(1, ROW_IDS)), min_size=1)
CELL = st.integers(0, CELLS - 1)


def test_ids_are_taken_across_blocks_in_order_and_once() -> None:
    ids = IdBlocks()
    ids.add(range(1, 4))
    ids.add(range(10, 14))
    assert list(ids.take(2)) == [1, 2]
    assert list(ids.take(3)) == [3, 10, 11]
    assert ids.left == 2
    assert list(ids.take(2)) == [12, 13]


@given(cell=CELL, asked=BLOCKS, before=st.sampled_from([1, 7_000, OLD]))
def test_a_cells_blocks_grow_whatever_the_clock_does(
    cell: int, asked: list[tuple[int, int]], before: int
) -> None:
    free, now = before, NOW
    for passed, count in asked:
        now += passed
        block = next_block(free, now, cell, count)
        assert block.start >= free
        assert len(block) == count
        assert {cell_of_id(block[0]), cell_of_id(block[-1])} == {cell}
        assert block[0] >> 22 >= now >> 10
        free = block.stop


@given(cells=st.lists(CELL, min_size=2, max_size=9, unique=True), asked=BLOCKS)
def test_cells_never_give_the_same_ids(cells: list[int], asked: list[tuple[int, int]]) -> None:
    free = dict.fromkeys(cells, 1)
    found: list[range] = []
    for passed, count in asked:
        for cell in cells:
            block = next_block(free[cell], NOW + passed, cell, count)
            free[cell] = block.stop
            found.append(block)
    found.sort(key=lambda block: block.start)
    for one, following in pairwise(found):
        assert one.stop <= following.start


def test_blocks_follow_one_another_in_a_row_and_all_slots_are_as_full() -> None:
    first = next_block(1, NOW, 5, 10_000)
    second = next_block(first.stop, NOW + 3, 5, 10_000)
    assert second.start == first.stop
    later = next_block(second.stop, NOW + 2_048, 5, 10_000)
    assert later.start == first.start + (2 << 22)
    per_slot = [sum(slot_of_id(each) == slot for each in [*first, *later]) for slot in range(SLOTS)]
    assert per_slot == [20_000 // SLOTS] * SLOTS


def test_all_of_a_row_is_given_before_the_next_one_begins() -> None:
    first = next_block(1, NOW, CELLS - 1, ROW_IDS)
    assert first.start % ROW_IDS == 0
    assert next_block(first.stop, NOW, CELLS - 1, 1).start == first.start + (1 << 22)


def test_ids_are_doubles_until_2039() -> None:
    assert next_block(1, 2_199_023_255_000, CELLS - 1, ROW_IDS).stop <= 2**53


@pytest.mark.parametrize("count", [0, ROW_IDS + 1])
def test_a_block_that_no_row_has_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        next_block(1, NOW, 0, count)
