"""What several gateways on one database know of each other and count together. A store that only one gateway
can serve has none of it: what that one has in memory is all there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple, Protocol

import msgspec

from aldis.accounts.lock_out import PauseRules


class OptedOut(NamedTuple):
    """Who has opted out since one asked last."""

    #: (sender, number), under every spelling
    people: set[tuple[str, str]]
    #: the number of the last change of a consent that was looked at
    up_to: int


class OptOutStore(Protocol):
    """Says of each gateway up to which change of a consent it has released what it had claimed for people
    who opted out. Changes are numbered in the order of their commits.
    """

    async def join(self, holder: str) -> int:
        """Say of a gateway that has claimed nothing yet that it has released all; returns up to which
        change.
        """

    async def opted_out(self, after: int, limit: int) -> OptedOut:
        """Tell who has opted out by the next `limit` changes behind one."""

    async def released(self, holder: str, up_to: int) -> None:
        """Say that a gateway has nothing in hand any more for who opted out by changes up to one."""

    async def not_released(self, holder: str, up_to: int | None) -> tuple[int, int]:
        """Tell how many other gateways feed links, under leases that are not over, and have not said so up
        to a change; None: the newest. Returns that change, and how many. The answer is that of a commit.
        """


class NonceStore(Protocol):
    """Remembers what signed requests have used."""

    async def take(self, credential: str, timestamp: int, nonce: str) -> bool:
        """Take a nonce of a credential at a timestamp (Unix seconds); False where it was taken before, at
        whatever gateway.
        """


class CountChange(Enum):
    """What is done to the failures of some keys."""

    #: count one of each before it is tried, where none of them must wait
    BEGIN = auto()
    #: count one of each
    COUNT = auto()
    #: what `BEGIN` has counted was none
    TAKE_BACK = auto()
    FORGET = auto()


class Tries(msgspec.Struct, frozen=True):
    """Tries of a password, by what they count against."""

    change: CountChange
    keys: tuple[str, ...]
    rules: PauseRules
    now: int


class Failures(NamedTuple):
    """How often something failed of late, and from when on it may be tried again (Unix milliseconds)."""

    failed: int
    allowed_at: int


class FailureStore(Protocol):
    """Counts wrong passwords."""

    async def tell(self, tries: Tries) -> tuple[bool, Sequence[Failures]]:
        """Count, or forget. Returns whether that was done, and how each key stands then."""


class Borrowing(msgspec.Struct, frozen=True):
    """What a gateway wants of an account's rate."""

    account_id: int
    #: what is counted
    unit: str
    rate_per_s: float
    burst: int
    #: to be taken at once; 0: nothing
    count: int
    #: to be lent besides, if that many are left
    more: float
    #: what was lent before and not used, which is given back
    held: float = 0.0
    now: int = 0


class Loan(NamedTuple):
    """What it gets."""

    #: whether `count` were taken
    is_taken: bool
    #: what was lent besides
    held: float
    #: what is left for all
    level: float


class RateStore(Protocol):
    """Has the tokens of accounts that may use only so much a second."""

    async def borrow(self, asked: Borrowing) -> Loan:
        """Lend tokens, as `TokenBucket.take` gives them, and more as far as they are there."""


class SharedStore(msgspec.Struct, frozen=True):
    """What gateways share, by subject."""

    opt_outs: OptOutStore
    nonces: NonceStore
    failures: FailureStore
    rates: RateStore
