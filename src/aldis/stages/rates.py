"""What accounts may use a second, whichever stage they use it in: messages or questions, and segments.

Where several gateways serve an account, its tokens are in the store, and each gateway borrows what it needs
and those of `CHUNK_S` more, so that it need not ask for each request. So an account may have that much more
at once for each gateway, and no more over time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from aldis.accounts.account import Account
from aldis.clock import Clock
from aldis.errors import StoreUnavailable
from aldis.stages.agent import Agent
from aldis.stages.aside import Turns
from aldis.store.contract.shared import Borrowing, RateStore, SharedStore
from aldis.traffic.pacing import TokenBucket

#: for so much time a gateway borrows tokens
CHUNK_S = 0.1
#: what was not used for so long is given back
IDLE_S = 1.0
#: where two clocks tell nearly the same, the store is asked
ROUNDING = 0.01


class Unit(StrEnum):
    """What an account's rate counts."""

    #: each question counts as one
    MESSAGES = "messages"
    SEGMENTS = "segments"


def rate_of(account: Account, unit: Unit) -> tuple[float | None, int]:
    """Give an account's rate a second, None for no limit, and how many it may have at once."""
    if unit is Unit.MESSAGES:
        return account.rate_per_s, account.burst
    return account.segments_per_s, account.segment_burst


class Rates(Protocol):
    """All accounts' tokens."""

    def take(self, account: Account, unit: Unit, count: int) -> bool:
        """Take so many off an account's rate; False when there is no room here, and then nothing is taken."""

    def have_room(self, account: Account, unit: Unit, count: int) -> bool:
        """Tell whether so many might be taken or borrowed now."""

    def may_borrow(self, account: Account, unit: Unit, count: int) -> bool:
        """Tell whether what is not here may be had by `borrow`."""

    async def borrow(self, account: Account, unit: Unit, count: int) -> bool:
        """Take so many, of what other gateways have not used; as `take`."""


class AccountRates:
    """Those of the only gateway."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: by account and unit
        self._buckets: dict[tuple[str, Unit], TokenBucket] = {}

    def take(self, account: Account, unit: Unit, count: int) -> bool:
        """Take so many off an account's rate; False when there is no room, and then nothing is taken."""
        bucket = self._bucket(account, unit)
        return bucket is None or bucket.take(count, self._clock.monotonic())

    def have_room(self, account: Account, unit: Unit, count: int) -> bool:
        """Tell whether `take` would take so many now."""
        bucket = self._bucket(account, unit)
        return bucket is None or bucket.has_room(count, self._clock.monotonic())

    def may_borrow(self, account: Account, unit: Unit, count: int) -> bool:  # noqa: ARG002 - as of Rates
        """Tell that there is nothing elsewhere."""
        return False

    async def borrow(self, account: Account, unit: Unit, count: int) -> bool:
        """Take so many, if they are here."""
        return self.take(account, unit, count)

    def _bucket(self, account: Account, unit: Unit) -> TokenBucket | None:
        rate, burst = rate_of(account, unit)
        if rate is None:
            return None
        bucket = self._buckets.get((account.name, unit))
        if bucket is None or (bucket.rate_per_s, bucket.burst) != (rate, burst):
            bucket = TokenBucket(rate, burst, self._clock.monotonic())
            self._buckets[account.name, unit] = bucket
        return bucket


class _Borrowed:
    """What a gateway has of an account's tokens."""

    def __init__(self, asked: Borrowing) -> None:
        #: what was asked for last
        self.asked = asked
        self.held = 0.0
        #: what all had, at most, and when that was (by the monotonic clock)
        self.level, self.at = float(asked.burst), 0.0
        #: since it was last looked whether anything is to be given back
        self.is_used = True


class SharedRates:
    """Those that gateways share."""

    def __init__(self, clock: Clock, store: RateStore) -> None:
        self._clock = clock
        self._store = store
        self._borrowed: dict[tuple[str, Unit], _Borrowed] = {}
        #: one asks for all of an account
        self._turns = Turns()

    def take(self, account: Account, unit: Unit, count: int) -> bool:
        """Take so many of what is here."""
        if rate_of(account, unit)[0] is None:
            return True
        found = self._borrowed.get((account.name, unit))
        if found is None or found.held < count:
            return False
        found.held -= count
        found.is_used = True
        return True

    def have_room(self, account: Account, unit: Unit, count: int) -> bool:
        """Tell whether so many might be taken or borrowed now."""
        return rate_of(account, unit)[0] is None or self.may_borrow(account, unit, count)

    def may_borrow(self, account: Account, unit: Unit, count: int) -> bool:
        """Tell whether so many may be there: more than what flows in since they were counted cannot be."""
        found = self._borrowed.get((account.name, unit))
        rate, burst = rate_of(account, unit)
        if found is None or rate is None:
            return True
        flown = (self._clock.monotonic() - found.at) * rate
        return found.level + found.held + flown >= min(count, burst) - ROUNDING

    async def borrow(self, account: Account, unit: Unit, count: int) -> bool:
        """Take so many, and borrow some more. Raises StoreUnavailable."""
        async with self._turns.of(f"{unit} {account.name}"):
            if self.take(account, unit, count):
                return True
            if not self.may_borrow(account, unit, count):
                return False
            rate, burst = rate_of(account, unit)
            if rate is None:
                return True
            asked = Borrowing(account.account_id, unit, rate, burst, count, rate * CHUNK_S)
            found = self._borrowed.setdefault((account.name, unit), _Borrowed(asked))
            found.asked, found.is_used = asked, True
            return await self._ask(found)

    async def give_back(self) -> int:
        """Give back what was not used of late; returns of how many."""
        count = 0
        for (name, unit), found in list(self._borrowed.items()):
            if found.held and not found.is_used:
                async with self._turns.of(f"{unit} {name}"):
                    found.asked = msgspec.structs.replace(found.asked, count=0, more=0.0)
                    await self._ask(found)
                    count += 1
            found.is_used = False
        return count

    async def _ask(self, found: _Borrowed) -> bool:
        """Give back what is here, and borrow what is asked for; returns whether it was taken."""
        held, found.held = found.held, 0.0
        asked = msgspec.structs.replace(found.asked, held=held, now=self._clock.now())
        try:
            loan = await self._store.borrow(asked)
        except StoreUnavailable:
            found.held += held
            raise
        found.held += loan.held
        found.level, found.at = loan.level, self._clock.monotonic()
        return loan.is_taken


class IdleRates(Agent):
    """Gives back what a gateway has borrowed and does not use."""

    def __init__(self, rates: SharedRates) -> None:
        super().__init__("idle rates", IDLE_S)
        self._rates = rates

    async def step(self) -> int:
        """Do one round; returns 0, to wait."""
        await self._rates.give_back()
        return 0


def rates_of(clock: Clock, shared: SharedStore | None) -> tuple[Rates, tuple[Agent, ...]]:
    """Make them, and whoever looks after them. `shared`: None where no other gateway can be."""
    if shared is None:
        return AccountRates(clock), ()
    rates = SharedRates(clock, shared.rates)
    return rates, (IdleRates(rates),)
