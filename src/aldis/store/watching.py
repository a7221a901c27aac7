"""What a store tells those who watch the gateway at work: how much waits, what has happened lately, and the
minutes of the last day. Nothing here is asked for while nobody looks, save the one count of what waits.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry


class Backlog(msgspec.Struct, frozen=True):
    """What waits."""

    #: queued messages by link, then by priority
    queued: dict[str, dict[int, int]]
    #: postbacks that are neither done nor given up
    postbacks: int


class Kind(IntEnum):
    """What can happen; things of the same millisecond are told in this order."""

    ACCEPTED = 0
    SENT = 1
    ENDED = 2
    POSTBACK = 3
    INBOUND = 4


class Place(msgspec.Struct, frozen=True, order=True):
    """A place in the order of what happened; what comes behind it is greater."""

    #: Unix milliseconds
    at: int
    kind: int = 0
    number: int = 0


class Happening(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: int
    kind: Kind
    #: of the message, the postback or the message from a handset
    number: int
    #: of what it is about; for postbacks the message's, or the inbound message's
    message_id: int
    #: None: nobody's
    account_id: int | None
    dialect: str
    reference: str
    link: str
    #: the message's, or of a postback: done, failed, given up
    state: str
    sender: str
    recipient: str
    reason: str

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.at, self.kind, self.number)


class WatchingStore(Protocol):
    """One method, one transaction, as in `contract.py`."""

    async def backlog(self) -> Backlog:
        """Count what waits, from indexes: tens of milliseconds of a thread for a million."""
        ...

    async def happened(self, after: Place, until: int, limit: int) -> list[Happening]:
        """Give what happened behind a place and not after an instant, oldest first.

        Looks through the newest messages and postbacks only, a few ten thousand.
        """
        ...

    async def keep_minute(self, at: int, sample: bytes, forget_before: int) -> None:
        """Keep what a minute was like, and forget those that are old. Instants in Unix seconds."""
        ...

    async def minutes(self, since: int) -> list[bytes]:
        """Give the minutes that are kept since an instant (Unix seconds), oldest first."""
        ...

    async def note(self, entry: AuditEntry) -> None:
        """Remember something that was done outside of the store."""
        ...
