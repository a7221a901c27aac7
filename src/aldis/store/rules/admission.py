"""Whether submissions are accepted: who has opted out, which references are taken, what balances cover. Read
once for a batch, and judged one submission after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aldis.store.contract.admission import Acceptance
from aldis.traffic.refusal import Refusal, RefusalReason

#: sender, recipient
Pair = tuple[str, str]
#: account, scope, reference
Key = tuple[int, str, str]


def pairs_of(acceptances: Iterable[Acceptance]) -> set[Pair]:
    """Name whose opt-outs matter."""
    return {
        (message.sender, message.recipient)
        for acceptance in acceptances
        for message in acceptance.messages
        if not message.exempt
    }


class OptOuts:
    """Who of one batch has opted out."""

    def __init__(self, found: Iterable[Pair]) -> None:
        self._blocked = set(found)

    def find(self, acceptance: Acceptance) -> Refusal | None:
        """Refuse a submission that is for any of them."""
        if not self._blocked:
            return None
        for message in acceptance.messages:
            if not message.exempt and (message.sender, message.recipient) in self._blocked:
                return Refusal(RefusalReason.OPTED_OUT, value=message.recipient)
        return None


class CreditHolds:
    """The money of the accounts in one batch: read once, checked for each submission, written once."""

    def __init__(self, available: Callable[[int], int]) -> None:
        """`available`: what an account may still hold, in millionths; asked once for each."""
        self._read = available
        self._available: dict[int, int] = {}
        #: by account, what is to be added to what it holds
        self.held: dict[int, int] = {}

    def hold_for(self, acceptance: Acceptance) -> Refusal | None:
        """Hold what a submission costs."""
        price = 0
        for message in acceptance.messages:
            price += message.price_micros * message.segments
        return self.hold(acceptance.account_id, price, is_prepaid=acceptance.prepaid)

    def hold(self, account_id: int, price: int, *, is_prepaid: bool) -> Refusal | None:
        """Hold a price, or refuse what the balance does not cover."""
        if account_id not in self._available:
            self._available[account_id] = self._read(account_id)
        if is_prepaid and price > self._available[account_id]:
            return Refusal(RefusalReason.CREDIT_INSUFFICIENT)
        self._available[account_id] -= price
        self.held[account_id] = self.held.get(account_id, 0) + price
        return None


class DuplicateCheck:
    """Which references of one batch are taken."""

    def __init__(self, taken: Iterable[Key]) -> None:
        self._taken = set(taken)

    def find_duplicate(self, acceptance: Acceptance) -> Refusal | None:
        """Refuse what repeats a message of the store, of this batch, or itself."""
        own: set[Key] = set()
        for message in acceptance.messages:
            if message.duplicate_scope:
                key = (message.account_id, message.duplicate_scope, message.reference)
                if key in self._taken or key in own:
                    return Refusal(RefusalReason.DUPLICATE, value=message.reference)
                own.add(key)
        return None

    def remember(self, acceptance: Acceptance) -> None:
        """Take the references of an accepted submission."""
        for message in acceptance.messages:
            if message.duplicate_scope:
                self._taken.add((message.account_id, message.duplicate_scope, message.reference))
