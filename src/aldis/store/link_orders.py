"""What a store keeps of operators' orders to links: the newest of each, which outlives a restart."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry


class Wanted(StrEnum):
    """How a link is to be."""

    RUNNING = "running"
    #: claim no more, finish what is in flight, then leave
    DRAINING = "draining"
    #: leave, and stay away
    STOPPED = "stopped"


class LinkOrder(msgspec.Struct, frozen=True, array_like=True):
    """An operator's order."""

    link: str
    wanted: Wanted
    #: who gave it, and when
    actor: str
    at: int


class LinkOrderStore(Protocol):
    """One method, one transaction, as in `contract.py`."""

    async def orders(self) -> dict[str, LinkOrder]:
        """Give the orders by link; those without one are to run."""
        ...

    async def order(self, order: LinkOrder, entry: AuditEntry) -> None:
        """Keep an order instead of the one before, and its audit entry."""
        ...
