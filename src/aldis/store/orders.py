"""What operators do to messages and postbacks. A change and its audit entry share a transaction.

A message may be in a sender's hands, which only the gateway's own process knows. So a command beside it
writes an order, and the gateway carries it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.views import PostbackFilter
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal


class OrderKind(StrEnum):
    """What is to be done with a message."""

    CANCEL = "cancel"
    AGAIN = "again"


class Order(msgspec.Struct, frozen=True, array_like=True):
    """Something that a command beside the gateway wants done."""

    #: 0 until it is kept
    order_id: int
    kind: OrderKind
    message_id: int
    #: who wants it
    actor: str
    role: int
    asked_at: int


class OrderAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What came of an order."""

    done: bool
    #: for people: the new message's id, or why not
    answer: str


class Replayed(msgspec.Struct, frozen=True, array_like=True):
    """What became of one bite of postbacks."""

    count: int
    #: where the next bite goes on; 0: there is no more
    after: int


class OrderStore(Protocol):
    """One method, one transaction, as in `contract.py`."""

    async def cancel_message(self, message_id: int, link: str, entry: AuditEntry) -> bool:
        """End a message that is queued, that nobody has claimed and of which nothing was taken, and free its
        money. Only in the process that sends.
        """
        ...

    async def accept_again(
        self, message: NewMessage, *, prepaid: bool, entry: AuditEntry, order_id: int = 0
    ) -> Refusal | None:
        """Store a message as `Store.accept` does, and answer the order that wanted it, if any."""
        ...

    async def replay(self, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
        """Make postbacks due as if they had never been tried, whatever became of them. Returns how many."""
        ...

    async def replay_given_up(
        self, wanted: PostbackFilter, after: int, limit: int, now: int, entry: AuditEntry
    ) -> Replayed:
        """Make up to `limit` postbacks due that were given up, those with ids above `after`."""
        ...

    async def give_order(self, order: Order) -> int:
        """Keep an order; returns its number."""
        ...

    async def open_orders(self, limit: int) -> list[Order]:
        """Give orders that nobody has carried out, oldest first."""
        ...

    async def answer_order(self, order_id: int, answer: OrderAnswer) -> None:
        """Write what came of an order."""
        ...

    async def order_answer(self, order_id: int) -> OrderAnswer | None:
        """Tell what came of an order; None: nothing yet."""
        ...

    async def withdraw_order(self, order_id: int) -> bool:
        """Forget an order that nobody has carried out; False when it is too late for that."""
        ...

    async def forget_orders(self, before: int) -> None:
        """Forget orders from before an instant."""
        ...
