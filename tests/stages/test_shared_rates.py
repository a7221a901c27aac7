"""Rates of accounts that several gateways serve: bounded by what one would allow, and a chunk for each."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.account import ANONYMOUS, Account
from aldis.errors import StoreUnavailable
from aldis.stages.rates import CHUNK_S, AccountRates, IdleRates, Rates, SharedRates, Unit
from aldis.store.contract.shared import Borrowing, Loan
from aldis.store.contract.store import Store
from aldis.store.rules.rates import Level, lend
from tests.fakes.clock import FakeClock

RATE, BURST = 20.0, 10


class Kept:
    """Implements `RateStore` in memory, and tells how often it was asked."""

    def __init__(self) -> None:
        self.levels: dict[tuple[int, str], Level] = {}
        self.asked = 0
        self.is_away = False

    async def borrow(self, asked: Borrowing) -> Loan:
        await asyncio.sleep(0)
        if self.is_away:
            raise StoreUnavailable("away")
        self.asked += 1
        place = asked.account_id, asked.unit
        loan, self.levels[place] = lend(self.levels.get(place, Level(asked.burst, asked.now)), asked)
        return loan


def an_account(rate: float | None = RATE, burst: int = BURST) -> Account:
    return msgspec.structs.replace(ANONYMOUS, name="a", account_id=1, rate_per_s=rate, burst=burst)


async def take(rates: Rates, account: Account, count: int = 1) -> bool:
    """Take as admission does."""
    return rates.take(account, Unit.MESSAGES, count) or (
        rates.may_borrow(account, Unit.MESSAGES, count) and await rates.borrow(account, Unit.MESSAGES, count)
    )


NODES = 3
#: who asks for how many, and how long after the one before
ASKED = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(1, 2 * BURST), st.floats(0, 2)), max_size=60
)


@given(ASKED)
def test_all_together_take_no_more_than_one_would_give_and_a_chunk_each(
    asked: list[tuple[int, int, float]],
) -> None:
    clock, kept, account = FakeClock(), Kept(), an_account()
    nodes = [SharedRates(clock, kept) for _ in range(NODES)]

    async def run() -> None:
        begin, taken = clock.monotonic(), 0.0
        for node, count, pause_s in asked:
            clock.advance(pause_s)
            if await take(nodes[node], account, count):
                taken += count
                flown = (clock.monotonic() - begin) * RATE
                # a request for more than fits at once is let through when all is there, as one gateway does
                assert taken <= BURST + flown + NODES * CHUNK_S * RATE + max(0, count - BURST) + 0.1

    asyncio.run(run())


@given(st.lists(st.floats(0, 0.2), max_size=200))
def test_one_gives_what_it_gives_alone_and_a_chunk(pauses: list[float]) -> None:
    clock, account = FakeClock(), an_account()
    shared, alone = SharedRates(clock, Kept()), AccountRates(clock)

    async def run() -> None:
        more = 0
        for pause_s in pauses:
            clock.advance(pause_s)
            more += await take(shared, account) - await take(alone, account)
            assert -1 <= more <= CHUNK_S * RATE + 1

    asyncio.run(run())


async def test_who_has_tokens_or_needs_none_asks_nobody(clock: FakeClock) -> None:
    kept = Kept()
    rates, account = SharedRates(clock, kept), an_account(100.0, 100)
    assert [await take(rates, account) for _ in range(11)] == [True] * 11
    assert kept.asked == 1  # for one, and ten more
    assert await take(rates, an_account(None), 1_000_000)
    assert rates.have_room(an_account(None), Unit.MESSAGES, 1_000_000)
    assert kept.asked == 1


async def test_who_has_used_all_up_is_refused_without_asking_until_there_may_be_more(
    clock: FakeClock,
) -> None:
    kept = Kept()
    rates, account = SharedRates(clock, kept), an_account()
    assert await take(rates, account, BURST)
    assert [await take(rates, account) for _ in range(100)] == [False] * 100
    assert kept.asked == 1
    assert not rates.have_room(account, Unit.MESSAGES, 1)
    clock.advance(1 / RATE)
    assert await take(rates, account)
    assert kept.asked == 2


async def test_many_at_once_borrow_once(clock: FakeClock) -> None:
    kept = Kept()
    rates, account = SharedRates(clock, kept), an_account(100.0, 100)
    assert await asyncio.gather(*(take(rates, account) for _ in range(11))) == [True] * 11
    assert kept.asked == 1


async def test_what_is_not_used_is_given_back(clock: FakeClock) -> None:
    kept, account = Kept(), an_account()
    one, other = SharedRates(clock, kept), SharedRates(clock, kept)
    assert await take(one, account)
    idle = IdleRates(one)
    await idle.step()
    assert not await take(other, account, BURST)
    await idle.step()  # it has used nothing since
    assert kept.levels[1, "messages"].tokens == BURST - 1
    assert await take(SharedRates(clock, kept), account, BURST - 1)


async def test_what_cannot_be_asked_for_is_kept(clock: FakeClock) -> None:
    kept = Kept()
    rates, account = SharedRates(clock, kept), an_account()
    assert await take(rates, account)
    kept.is_away = True
    with pytest.raises(StoreUnavailable):
        await take(rates, account, 5)
    assert await take(rates, account, 2)


async def test_two_gateways_share_an_accounts_rate(both: list[Store], clock: FakeClock) -> None:
    account = an_account()
    nodes = [SharedRates(clock, store.shared.rates) for store in both if store.shared is not None]
    answers = [await take(nodes[number % 2], account) for number in range(3 * BURST)]
    assert answers.count(True) == BURST
    clock.advance(1)
    answers = [await take(nodes[number % 2], account) for number in range(3 * BURST)]
    assert answers.count(True) == BURST
