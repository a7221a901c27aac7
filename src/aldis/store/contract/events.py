"""What has happened lately, from what is kept anyway."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

import msgspec


class EventKind(IntEnum):
    """What can happen; things of the same millisecond are told in this order."""

    ACCEPTED = 0
    SENT = 1
    ENDED = 2
    POSTBACK = 3
    INBOUND = 4


class EventPosition(msgspec.Struct, frozen=True, order=True):
    """A position in the order of what happened; what comes behind it is greater."""

    #: Unix milliseconds
    at: int
    kind: int = 0
    number: int = 0


class GatewayEvent(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: int
    kind: EventKind
    #: of the message, the postback or the message from a handset
    number: int
    #: of what it is about; for postbacks the message's, or the inbound message's
    message_id: int
    #: None: nobody's
    account_id: int | None
    dialect: str
    reference: str
    link: str
    #: the message's, or of a postback: done, failed, dead letter
    state: str
    sender: str
    recipient: str
    reason: str

    @property
    def position(self) -> EventPosition:
        """Where it stands."""
        return EventPosition(self.at, self.kind, self.number)


class EventStore(Protocol):
    """Reads for those who watch the gateway at work."""

    async def after(self, position: EventPosition, until: int, limit: int) -> list[GatewayEvent]:
        """Give what happened behind a position and not after an instant, oldest first.

        Looks through the newest messages and postbacks only, a few ten thousand.
        """
