"""What goes into the store and comes out of it, where that is no record of `traffic` or `accounts`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.accounts.staff import Actor, AuditEntry, Role
from aldis.traffic.content import KeptPart
from aldis.traffic.inbound import NewInbound, Segments
from aldis.traffic.message import (
    MessageFacts,
    NewMessage,
    SegmentFacts,
)

#: who applies a file where nobody is named
APPLYING = Actor("aldis", Role.ADMIN, "command line")


class Acceptance(msgspec.Struct, frozen=True, array_like=True):
    """One submission to be stored whole or not at all."""

    account_id: int
    #: refuse what the balance does not cover
    prepaid: bool
    messages: tuple[NewMessage, ...]
    #: what is to be remembered of whoever did it, where that is one of ours
    entry: AuditEntry | None = None


class OptInKey(msgspec.Struct, frozen=True):
    """One person's consent to one topic (keyword or campaign) of one sender."""

    sender: str
    topic: str
    msisdn: str


class PostbackFacts(msgspec.Struct, frozen=True):
    """One postback as the timeline shows it."""

    postback_id: int
    event: str
    state: str
    happened_at: int
    attempts: int
    last_tried_at: int
    last_http_status: int | None
    last_fault: str
    #: None when it is done or given up
    due_at: int | None
    done: bool


class Timeline(msgspec.Struct, frozen=True):
    """Everything that is known of one message."""

    message: MessageFacts
    segments: tuple[SegmentFacts, ...]
    postbacks: tuple[PostbackFacts, ...]
    #: of a multimedia message
    parts: tuple[KeptPart, ...] = ()


class Purged(msgspec.Struct, frozen=True):
    """What became of one look at old messages."""

    forgotten: int
    #: where to look on; 0: from the start
    after: int


class InboundBatch(msgspec.Struct, frozen=True):
    """What handsets sent, as one round of the collector judged it."""

    #: as they are to be from now on
    segments: tuple[Segments, ...]
    messages: tuple[NewInbound, ...]
    #: an identical message within this time is the carrier's repetition
    repeat_ms: int
    #: accounts that cannot owe, among those that reply
    prepaid: frozenset[int]


class Balance(msgspec.Struct, frozen=True):
    """An account's money in millionths."""

    credited: int
    held: int
    spent: int

    @property
    def available(self) -> int:
        """What may still be held."""
        return self.credited - self.held - self.spent


#: (how many wait, by priority; how many may be taken) → how many to take of each priority
Share = Callable[[dict[int, int], int], dict[int, int]]
