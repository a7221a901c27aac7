"""A backlog is claimed on from where the last claim ended, and nothing is forgotten that lies behind that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.stages.sending.shares import share
from aldis.store.contract.ownership import slot_of
from aldis.store.contract.store import Store
from aldis.store.postgresql.reads.watermark import MARGIN_MS, REWIND_MS, START, moved_on
from aldis.store.postgresql.store import open_postgresql
from aldis.traffic.message import AttemptResult
from aldis.traffic.slots import SLOTS
from aldis.traffic.states import Event
from tests.backends import apply, take
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, POSTPAID, a_message, accept
from tests.store.conftest import DIRECTORY

#: when a claim reads that finds messages which were due from NOW on
LATER = NOW + 10 * MARGIN_MS


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    made = await open_postgresql(database, FakeClock(), "one", uuid4())
    await apply(made, DIRECTORY, NOW)
    yield made
    await made.close()


class Backlog:
    """Messages that wait, one due each millisecond, and who claims them."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def add(self, *numbers: int, due_at: int | None = None, priority: int = 1) -> None:
        for number in numbers:
            due = NOW + number if due_at is None else due_at
            message = a_message(number, account_id=POSTPAID, priority=priority, due_at=due, accepted_at=due)
            await accept(self.store, message)

    async def own(self) -> None:
        self.leases = tuple([await take(self.store, slot_of("link", slot), "test") for slot in range(SLOTS)])

    async def claim(self, limit: int, now: int = LATER) -> list[int]:
        return [each.message_id for each in await self.store.sending.claim(self.leases, limit, share, now)]


@pytest.fixture
async def backlog(store: Store) -> Backlog:
    made = Backlog(store)
    await made.own()
    await made.add(*range(1, 10))
    return made


async def test_what_comes_to_lie_behind_is_found_within_a_second(backlog: Backlog) -> None:
    assert await backlog.claim(3) == [1, 2, 3]
    await backlog.add(20, due_at=NOW)  # as another gateway, whose commit took so long
    assert await backlog.claim(2) == [4, 5]
    assert await backlog.claim(2, LATER + REWIND_MS) == [20, 6]


async def test_what_is_due_just_now_is_never_behind(backlog: Backlog) -> None:
    now = NOW + 5 + MARGIN_MS
    assert await backlog.claim(7, now) == [1, 2, 3, 4, 5, 6, 7]
    await backlog.add(20, due_at=NOW + 6)
    await backlog.add(21, due_at=NOW + 4)
    assert await backlog.claim(2, now) == [20, 8]


async def test_a_claim_that_finds_too_little_looks_behind(backlog: Backlog) -> None:
    assert await backlog.claim(3) == [1, 2, 3]
    await backlog.add(20, due_at=NOW)
    assert await backlog.claim(7) == [20, 4, 5, 6, 7, 8, 9]
    assert await backlog.claim(1) == []


async def given_back(backlog: Backlog) -> None:
    backlog.store.sending.release(backlog.leases, [2])


async def deferred(backlog: Backlog) -> None:
    await backlog.store.sending.record(
        backlog.leases, [AttemptResult(2, Event.SUBMIT_DEFERRED, due_at=NOW, reason="busy")], NOW
    )


async def begun_again(backlog: Backlog) -> None:
    await backlog.own()
    await backlog.store.sending.recover(backlog.leases, hold=False, now=NOW)


@pytest.mark.parametrize(
    ("happening", "found"), [(given_back, [2, 4]), (deferred, [2, 4]), (begun_again, [1, 2])]
)
async def test_what_waits_again_is_claimed_first(
    backlog: Backlog, happening: Callable[[Backlog], Awaitable[None]], found: list[int]
) -> None:
    assert await backlog.claim(3) == [1, 2, 3]
    await happening(backlog)
    assert await backlog.claim(2) == found


async def test_what_a_share_left_is_not_passed(backlog: Backlog) -> None:
    await backlog.add(*range(11, 19), priority=3)
    claimed = [number for _ in range(3) for number in await backlog.claim(6)]
    assert sorted(claimed) == [*range(1, 10), *range(11, 19)]
    assert await backlog.claim(6) == []


#: of one priority, in order: whether each is in hand, and how long after the one before it was due
ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, MARGIN_MS)), max_size=12)


@given(rows=st.tuples(ROWS, ROWS))
def test_a_watermark_passes_what_is_in_hand_and_nothing_else(
    rows: tuple[list[tuple[bool, int]], ...],
) -> None:
    read, in_hand = [], set[int]()
    for priority, of_priority in enumerate(rows):
        due_at = NOW
        for place, (is_ours, step) in enumerate(of_priority):
            due_at += step
            message_id = 100 * priority + place
            read.append((message_id, priority, due_at))
            if is_ours:
                in_hand.add(message_id)
    reached = moved_on(START, read, in_hand, NOW + 5 * MARGIN_MS)
    for message_id, priority, due_at in read:
        if (due_at, message_id) <= reached[priority]:
            assert message_id in in_hand
            assert due_at <= NOW + 4 * MARGIN_MS
    assert all(mark >= START[0] for mark in reached)
    passed = [each for each in read if (each[2], each[0]) <= reached[each[1]]]
    open_rows = [each for each in read if each not in passed]
    for priority in range(2):  # as far as it may
        following = next((each for each in open_rows if each[1] == priority), None)
        assert following is None or following[0] not in in_hand or following[2] > NOW + 4 * MARGIN_MS
