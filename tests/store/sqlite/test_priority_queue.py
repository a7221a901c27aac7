"""Small batches go first, and large ones are not forgotten for it."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.store import Store
from aldis.store.sqlite.engine.priority_queue import IN_A_ROW, PriorityQueue
from tests.store.building import POSTPAID, a_message


@given(st.lists(st.sampled_from(["small", "large", "run"]), max_size=60))
def test_all_get_their_turn_in_the_order_of_their_kind(steps: list[str]) -> None:
    turns: PriorityQueue[tuple[str, int]] = PriorityQueue()
    ran: list[tuple[str, int]] = []
    for number, step in enumerate(steps):
        if step != "run":
            turns.add((step, number), is_large=step == "large")
        elif turns:
            ran.append(turns.next())
    while turns:
        ran.append(turns.next())
    for kind in ("small", "large"):
        numbers = [number for each, number in ran if each == kind]
        assert numbers == [number for number, step in enumerate(steps) if step == kind]


def test_small_ones_go_first_and_large_ones_are_not_forgotten_for_it() -> None:
    turns: PriorityQueue[str] = PriorityQueue()
    for name in ("large", "large", *["small"] * (2 * IN_A_ROW + 1)):
        turns.add(name, is_large=name == "large")
    ran = []
    while turns:
        ran.append(turns.next())
    row = ["small"] * IN_A_ROW
    assert ran == [*row, "large", *row, "large", "small"]


async def test_one_message_waits_for_one_large_transaction_at_most(kept: Store) -> None:
    order: list[str] = []

    async def accept(name: str, first: int, count: int) -> None:
        messages = tuple(a_message(first + n, account_id=POSTPAID) for n in range(count))
        assert await kept.admission.accept(Acceptance(POSTPAID, prepaid=False, messages=messages)) is None
        order.append(name)

    large = [accept(f"large {n}", 1_000 * n, 900) for n in range(1, 5)]
    await asyncio.gather(*large, accept("one", 1, 1))
    assert order.index("one") <= 1
    assert [name for name in order if name != "one"] == [f"large {n}" for n in range(1, 5)]
