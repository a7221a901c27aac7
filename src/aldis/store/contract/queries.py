"""What customers ask."""

from __future__ import annotations

from typing import Protocol

import msgspec

from aldis.traffic.inbound import InboundFacts
from aldis.traffic.message import MessageStatus
from aldis.traffic.query import Usage

#: messages that are read while everybody waits
FEW = 50


class Balance(msgspec.Struct, frozen=True):
    """An account's money in millionths."""

    credited: int = 0
    held: int = 0
    spent: int = 0

    @property
    def available(self) -> int:
        """What may still be held."""
        return self.credited - self.held - self.spent


class QueryStore(Protocol):
    """Answers an account about what is its own."""

    async def submission(
        self, account_id: int, dialect: str, reference: str, after: int = 0, limit: int = FEW
    ) -> list[MessageStatus]:
        """Give the first messages behind an id that an account knows by a reference, in the order of their
        recipients. Up to FEW are read at once; more wait for what others ask, and StoreUnavailable is raised
        when too much waits already.
        """

    async def cancel(self, account_id: int, dialect: str, reference: str, now: int) -> int | None:
        """End a submission that is not due yet, and free its money. Returns how many messages that ended; 0
        when it is too late, None when there is no such submission.
        """

    async def usage(
        self, account_id: int, since: int, until: int, label: str | None, most_labels: int
    ) -> list[Usage]:
        """Sum up what an account used of what it sent in a time, by label and country: so many labels, those
        with the most segments, and what else there is as OTHER.
        """

    async def inbound(
        self, account_id: int | None, since: int, until: int, page: tuple[int, int]
    ) -> tuple[list[InboundFacts], int]:
        """Give a page (offset, limit) of an account's messages from handsets of a time, newest first, and how
        many there are in all; with None nobody's.
        """

    async def balance(self, account_id: int) -> Balance:
        """Give an account's money; all zero for one that is not there."""
