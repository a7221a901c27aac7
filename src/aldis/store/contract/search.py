"""What operators find: messages by anything, one message whole, messages from handsets, sums. Reads only.

Every listing runs newest first from a cursor, an id below which it goes on, and is bounded in what it looks
at: a page that has looked at much and found little says how far it came, and the next one goes on there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Protocol

import msgspec

from aldis.store.contract.outbox import PostbackRow, PostbackTry
from aldis.traffic.content import KeptPart
from aldis.traffic.inbound import InboundFacts
from aldis.traffic.message import MessageFacts, NewMessage, PoisonMessage, SegmentFacts
from aldis.traffic.states import State

#: beyond all ids and instants
EVER = 2**53


class MessageFilter(msgspec.Struct, frozen=True):
    """Which messages are wanted; all of what is given must hold, and what is empty asks nothing."""

    message_id: int = 0
    reference: str = ""
    #: the recipient, international digits
    number: str = ""
    sender: str = ""
    account_id: int = 0
    dialect: str = ""
    link: str = ""
    label: str = ""
    country: str = ""
    states: tuple[State, ...] = ()
    #: accepted at or after, and before
    since: int = 0
    until: int = EVER


class FoundMessage(msgspec.Struct, frozen=True):
    """A message as a listing shows it."""

    message: MessageFacts
    label: str


class MessagePage(msgspec.Struct, frozen=True):
    """One page of a search."""

    found: tuple[FoundMessage, ...]
    #: the id below which the next page goes on; 0: there is no more
    next_before: int
    #: when the last one that was looked at was accepted, where the page has looked at enough; else 0
    looked_back_to: int = 0


class MessageView(msgspec.Struct, frozen=True):
    """All that is kept of one message."""

    message: MessageFacts
    #: as it was accepted, and moved to other links since; its review_at is that of now, 0 for none
    accepted: NewMessage
    segments: tuple[SegmentFacts, ...]
    postbacks: tuple[PostbackRow, ...]
    #: by postback: those of its tries that failed
    tries: dict[int, tuple[PostbackTry, ...]]
    #: of a multimedia message
    parts: tuple[KeptPart, ...] = ()
    #: attempts that were submitted and not answered
    doubts: int = 0
    #: why it is set aside, if it is
    poison: PoisonMessage | None = None


class InboundFilter(msgspec.Struct, frozen=True):
    """Which messages from handsets are wanted; what is empty asks nothing."""

    #: the handset
    number: str = ""
    #: what it was sent to
    recipient: str = ""
    #: those that belong to nobody
    nobodys: bool = False
    account_id: int = 0
    keyword: str = ""
    link: str = ""
    since: int = 0
    until: int = EVER


class InboundPage(msgspec.Struct, frozen=True):
    """One page of messages from handsets."""

    found: tuple[InboundFacts, ...]
    next_before: int
    #: as in MessagePage
    looked_back_to: int = 0


class Grouping(StrEnum):
    """What sums are made by."""

    DAY = "day"
    ACCOUNT = "account"
    SENDER = "sender"
    COUNTRY = "country"
    LINK = "link"
    LABEL = "label"


#: what customers name as they like
NAMED_FREELY = frozenset((Grouping.LABEL, Grouping.SENDER))


class Sum(msgspec.Struct, frozen=True):
    """What became of one group of messages of one account."""

    #: a day (days since 1970), an account's id, a sender …
    key: str | int
    account_id: int
    accepted: int
    delivered: int
    #: ended without being delivered, in doubt too
    failed: int
    segments: int
    #: what the carrier took, or may still take
    micros: int


#: of messages that are before another so many are counted
MOST_AHEAD = 10_001


class Ahead(msgspec.Struct, frozen=True):
    """How many due messages of a link come before one; `MOST_AHEAD` at most of each."""

    urgent: int
    #: of the same priority
    earlier: int


class SearchStore(Protocol):
    """Reads for operators."""

    async def ahead(self, link: str, priority: int, due_at: int, now: int) -> Ahead:
        """Count what a link claims before a message of this priority that is due then."""

    async def messages(self, wanted: MessageFilter, before: int, limit: int) -> MessagePage:
        """Find up to `limit` messages with ids below a cursor (0: from the newest)."""

    async def message(self, message_id: int) -> MessageView | None:
        """Give all that is kept of a message."""

    async def inbound(self, wanted: InboundFilter, before: int, limit: int) -> InboundPage:
        """Find messages from handsets with ids below a cursor (0: from the newest)."""

    def recipients(self, since: int) -> AsyncIterator[list[tuple[str, str]]]:
        """Give the recipients of messages since about then with the countries that they were read as, the
        newest first, part by part and each once in its part: other reads have their turn between.
        """

    async def sums(self, wanted: MessageFilter, by: Grouping, most: int) -> list[Sum]:
        """Sum up messages by something; by parts of their ids, so that other reads have their turn between.
        Of what customers name as they like: so many of each account, those used last, and the rest as OTHER.

        Nothing is rounded or guessed, so a long time takes long.
        """
