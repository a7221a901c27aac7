"""What two gateways count together: nonces, wrong passwords, rates."""

from __future__ import annotations

import asyncio

import pytest

from aldis.accounts.lock_out import FORGET_S, PauseRules
from aldis.store.contract.shared import Borrowing, CountChange, Failures, SharedStore, Tries
from aldis.store.contract.store import Store
from aldis.store.postgresql.writes.counts import NONCES_S
from tests.fakes.clock import NOON
from tests.store.postgresql.at_once import at_once

NOW_S = NOON // 1000
RULES = PauseRules(free_tries=2, longest_wait_s=60)


@pytest.fixture
def gateways(both: list[Store]) -> list[SharedStore]:
    return [store.shared for store in both if store.shared is not None]


@pytest.mark.parametrize(
    ("second", "is_new"),
    [
        (("key", NOW_S, "n"), False),
        (("key", NOW_S, "m"), True),
        (("key", NOW_S + 1, "n"), True),
        (("other", NOW_S, "n"), True),
        (("key", NOW_S, "\0\ud800"), True),
    ],
)
async def test_a_nonce_is_taken_once_by_all(
    gateways: list[SharedStore], second: tuple[str, int, str], *, is_new: bool
) -> None:
    assert await gateways[0].nonces.take("key", NOW_S, "n")
    assert await gateways[1].nonces.take(*second) is is_new
    assert not await gateways[1].nonces.take(*second)


async def test_a_nonce_that_comes_to_all_at_once_is_taken_once(
    gateways: list[SharedStore], database: str
) -> None:
    calls = [
        store.nonces.take("key", NOW_S, nonce)
        for store, nonces in zip(gateways, ("abc", "cba"), strict=True)
        for nonce in nonces
    ]
    answers = await at_once(database, "LOCK TABLE nonce IN EXCLUSIVE MODE", calls, waiting=2)
    assert sorted(answers) == [False] * 3 + [True] * 3


def tries(change: CountChange, *keys: str, now: int = NOON) -> Tries:
    return Tries(change, keys, RULES, now)


async def test_failures_at_all_gateways_are_counted_together(gateways: list[SharedStore]) -> None:
    one, two = (each.failures for each in gateways)
    assert await one.tell(tries(CountChange.COUNT, "a", "b")) == (
        True,
        [Failures(1, NOON), Failures(1, NOON)],
    )
    assert await two.tell(tries(CountChange.COUNT, "a")) == (True, [Failures(2, NOON + 2_000)])
    # a pause ends for one of them
    later = NOON + 2_000
    assert await one.tell(tries(CountChange.BEGIN, "b", "a", now=later - 1)) == (
        False,
        [Failures(1, NOON), Failures(2, later)],
    )
    answers = await asyncio.gather(
        *(each.tell(tries(CountChange.BEGIN, "a", now=later)) for each in (one, two))
    )
    assert sorted(done for done, _ in answers) == [False, True]
    assert {tuple(standing) for _, standing in answers} == {(Failures(3, later + 4_000),)}
    assert await two.tell(tries(CountChange.TAKE_BACK, "a", now=later)) == (True, [Failures(2, later)])
    assert await one.tell(tries(CountChange.FORGET, "a", "c", now=later)) == (True, [Failures(0, 0)] * 2)
    assert await two.tell(tries(CountChange.COUNT, "a", now=later)) == (True, [Failures(1, later)])


async def test_failures_in_opposite_order_count_all(gateways: list[SharedStore], database: str) -> None:
    calls = [
        store.failures.tell(tries(CountChange.COUNT, *keys))
        for store, keys in zip(gateways, ("ab", "ba"), strict=True)
    ]
    await at_once(database, "LOCK TABLE failure IN EXCLUSIVE MODE", calls)
    _, standing = await gateways[0].failures.tell(tries(CountChange.BEGIN, "a", "b", now=NOON + 60_000))
    assert [each.failed for each in standing] == [3, 3]


async def test_what_counts_no_more_is_forgotten(both: list[Store], gateways: list[SharedStore]) -> None:
    await gateways[0].nonces.take("key", NOW_S, "n")
    for after_s, is_forgotten in ((0, False), (NONCES_S + 1, True)):
        await both[1].maintenance.forget_counts(NOON + after_s * 1000)
        assert await gateways[1].nonces.take("key", NOW_S, "n") is is_forgotten
    await gateways[0].failures.tell(tries(CountChange.COUNT, "a"))
    late = NOON + int(FORGET_S * 1000)
    _, (standing,) = await gateways[0].failures.tell(tries(CountChange.COUNT, "a", now=late - 1))
    assert standing.failed == 2
    await both[1].maintenance.forget_counts(late * 2)
    _, (standing,) = await gateways[0].failures.tell(tries(CountChange.COUNT, "a", now=late))
    assert standing.failed == 1


def asking(count: int, held: float = 0.0, now: int = NOON) -> Borrowing:
    return Borrowing(1, "messages", 10.0, 20, count, 1.0, held, now)


async def test_tokens_are_lent_once(gateways: list[SharedStore], database: str) -> None:
    one, two = (each.rates for each in gateways)
    calls = [rates.borrow(asking(count)) for rates, count in ((one, 9), (two, 10))]
    loans = await at_once(database, "LOCK TABLE rate IN EXCLUSIVE MODE", calls)
    assert sum(loan.held for loan in loans) == 1.0  # of 20 there was one left
    assert [await one.borrow(asking(1)), await two.borrow(asking(1))] == [(False, 0.0, 0.0)] * 2
    assert await two.borrow(asking(1, held=1.0)) == (True, 0.0, 0.0)
    assert await one.borrow(asking(2, now=NOON + 300)) == (True, 1.0, 0.0)
