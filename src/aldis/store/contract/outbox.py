"""What operators see of postbacks, and do to them: lanes, dead letters, one more try. A change and its audit
entry share a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback

#: how many of a lane are counted
MOST_COUNTED = 100_000


class PostbackTry(msgspec.Struct, frozen=True):
    """One try at a postback that failed, or one that did not and was answered with words."""

    tried_at: int
    #: None when there was no answer
    http_status: int | None
    #: "" when it did not fail
    fault: str
    #: the beginning of what the endpoint said
    answer: str = ""


class PostbackRow(msgspec.Struct, frozen=True):
    """One postback as operators see it."""

    postback_id: int
    #: of the message to a handset, or from one
    message_id: int
    #: scheme, host and port of where it goes
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
    """Which postbacks are wanted; what is empty asks nothing."""

    #: scheme, host and port
    lane: str = ""
    event: str = ""
    account_id: int = 0


class LaneFacts(msgspec.Struct, frozen=True):
    """What of one account's is pending at one endpoint."""

    #: 0: of what was kept before lanes had accounts
    account_id: int
    #: scheme, host and port
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


class EndedWebhook(msgspec.Struct, frozen=True):
    """An account's address whose endpoint wants nothing more: it answered 410."""

    account_id: int
    url: str
    ended_at: int


class OutboxStore(Protocol):
    """Lists postbacks, and makes them due again."""

    async def lanes(self, limit: int) -> list[LaneFacts]:
        """Tell what is pending of up to `limit` accounts and endpoints, in order of their names."""

    async def dead_letters(self, wanted: PostbackFilter, before: int, limit: int) -> PostbackPage:
        """Give postbacks that are tried no more, with ids below a cursor (0: from the newest)."""

    async def postback(self, postback_id: int) -> PostbackRow | None:
        """Give one postback."""

    async def due_of(self, postback_id: int) -> DuePostback | DueInbound | None:
        """Give a postback as whoever posts it is given it, whether it is due or not."""

    async def tries(self, postback_id: int) -> tuple[PostbackTry, ...]:
        """Give the tries of one postback that are kept, oldest first."""

    async def ended_webhooks(self, limit: int) -> list[EndedWebhook]:
        """Tell where nothing is posted any more, the newest first."""

    async def replay(self, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
        """Make postbacks due as if they had never been tried, whatever became of them. Returns how many."""

    async def replay_dead_letters(
        self, wanted: PostbackFilter, after: int, limit: int, now: int, entry: AuditEntry
    ) -> Replayed:
        """Make up to `limit` dead letters due, those with ids above `after`."""

    async def try_now(self, wanted: PostbackFilter, limit: int, now: int, entry: AuditEntry) -> int:
        """Make up to `limit` postbacks due that are pending and due later, as if they had never been tried.
        Returns how many; fewer than `limit`: there are no more.
        """
