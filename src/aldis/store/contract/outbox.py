"""What operators see of postbacks, and do to them: lanes, dead letters, one more try. A change and its audit
entry share a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry

#: how many of a lane are counted
MOST_COUNTED = 100_000


class PostbackTry(msgspec.Struct, frozen=True):
    """One try at a postback that failed."""

    tried_at: int
    #: None when there was no answer
    http_status: int | None
    fault: str


class PostbackRow(msgspec.Struct, frozen=True):
    """One postback as operators see it."""

    postback_id: int
    #: of the message to a handset, or from one
    message_id: int
    lane: str
    #: "sent", "ended" or "inbound"
    event: str
    #: what it tells; "" for a message from a handset
    state: str
    happened_at: int
    #: since it was last made due by hand
    attempts: int
    last_tried_at: int
    last_http_status: int | None
    last_fault: str
    #: None when it is done or a dead letter
    due_at: int | None
    done: bool
    account_id: int | None
    #: what the customer knows the message by
    reference: str
    #: the handset
    number: str


class PostbackPage(msgspec.Struct, frozen=True):
    """One page of dead letters: postbacks that are tried no more."""

    found: tuple[PostbackRow, ...]
    next_before: int


class PostbackFilter(msgspec.Struct, frozen=True):
    """Which dead letters are wanted; what is empty asks nothing."""

    lane: str = ""
    event: str = ""
    account_id: int = 0


class LaneFacts(msgspec.Struct, frozen=True):
    """What is pending at one address: scheme, host and port."""

    lane: str
    #: MOST_COUNTED at most
    pending: int
    #: when the oldest of what is due next happened
    oldest_at: int
    next_due_at: int
    #: what the last try that failed met
    last_http_status: int | None
    last_fault: str


class Replayed(msgspec.Struct, frozen=True, array_like=True):
    """What became of one batch of postbacks."""

    count: int
    #: where the next batch goes on; 0: there is no more
    after: int


class OutboxStore(Protocol):
    """Lists postbacks, and makes them due again."""

    async def lanes(self, limit: int) -> list[LaneFacts]:
        """Tell what is pending in up to `limit` lanes, in order of their names."""

    async def dead_letters(self, wanted: PostbackFilter, before: int, limit: int) -> PostbackPage:
        """Give postbacks that are tried no more, with ids below a cursor (0: from the newest)."""

    async def postback(self, postback_id: int) -> PostbackRow | None:
        """Give one postback."""

    async def replay(self, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
        """Make postbacks due as if they had never been tried, whatever became of them. Returns how many."""

    async def replay_dead_letters(
        self, wanted: PostbackFilter, after: int, limit: int, now: int, entry: AuditEntry
    ) -> Replayed:
        """Make up to `limit` dead letters due, those with ids above `after`."""
