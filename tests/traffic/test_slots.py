"""Which gateway is to own which slot."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.traffic.slots import SLOTS, slot_of_id, wanted

ALL = frozenset(range(SLOTS))
NODES = st.frozensets(st.text(max_size=20), min_size=1, max_size=20)


@given(st.text(max_size=20), NODES)
def test_each_slot_is_wanted_by_one_node_and_none_gets_more_than_another_but_one(
    resource: str, nodes: frozenset[str]
) -> None:
    shares = [wanted(resource, node, nodes) for node in nodes]
    counts = [len(share) for share in shares]
    assert sum(counts) == SLOTS
    assert frozenset().union(*shares) == ALL
    assert max(counts) - min(counts) <= 1


@given(st.text(max_size=20), NODES)
def test_one_that_is_alone_wants_all_and_one_that_is_not_there_nothing(
    resource: str, nodes: frozenset[str]
) -> None:
    assert wanted(resource, "me", frozenset({"me"})) == ALL
    assert wanted(resource, "nobody's name, for it is longer than theirs", nodes) == frozenset()
    assert wanted(resource, "me", frozenset()) == frozenset()


@pytest.mark.parametrize(("nodes", "least", "most"), [(1, 4, 4), (2, 2, 3), (3, 2, 3), (7, 1, 2.5)])
def test_few_slots_change_hands_when_a_node_comes(nodes: int, least: int, most: float) -> None:
    """In the mean not many more than it must have; the same holds when it goes."""
    moved = 0
    for trial in range(200):
        names = [f"host{trial} /var/lib/aldis{number}" for number in range(nodes + 1)]
        before = {slot: name for name in names[1:] for slot in wanted("link/a", name, frozenset(names[1:]))}
        after = {slot: name for name in names for slot in wanted("link/a", name, frozenset(names))}
        moved += sum(before[slot] != after[slot] for slot in ALL)
    assert least <= moved / 200 <= most


def test_links_are_divided_differently() -> None:
    nodes = frozenset({"a", "b"})
    assert len({wanted(f"link/{number}", "a", nodes) for number in range(20)}) > 10


@given(st.integers(0, 2**53), st.integers(1, 200))
def test_ids_in_a_row_are_spread_evenly(first: int, count: int) -> None:
    found = Counter(slot_of_id(message_id) for message_id in range(first, first + count))
    assert set(found) <= ALL
    assert max(found.values()) - min(found.get(slot, 0) for slot in ALL) <= 1


def test_ids_go_round() -> None:
    assert all((slot_of_id(b) - slot_of_id(a)) % SLOTS == 1 for a, b in pairwise(range(100)))
