"""What operators want of links: the newest of each, which outlives a restart."""

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


class LinkState(msgspec.Struct, frozen=True, array_like=True):
    """How an operator wants a link to be."""

    link: str
    wanted: Wanted
    #: who said so, and when
    actor: str
    at: int


class LinkStateStore(Protocol):
    """What is wanted of links."""

    async def wanted(self) -> dict[str, LinkState]:
        """Give it by link; those of which nothing is said are to run."""

    async def want(self, state: LinkState, entry: AuditEntry) -> None:
        """Keep it instead of what was wanted before, with its audit entry."""
