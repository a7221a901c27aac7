"""Refused requests, the newest of each account."""

from __future__ import annotations

from typing import Protocol

import msgspec

from aldis.traffic.refused import RefusedRequest


class KeptRefusals(msgspec.Struct, frozen=True, array_like=True):
    """Refused requests to be kept, and how many may be kept with them."""

    #: oldest first
    found: tuple[RefusedRequest, ...]
    #: of one account, and of nobody's
    an_account: int
    in_all: int
    #: older ones are forgotten
    since: int


class RefusalPage(msgspec.Struct, frozen=True):
    """A page of refused requests with their numbers, newest first."""

    found: tuple[tuple[int, RefusedRequest], ...]
    #: where the following page begins; 0: there is none
    next_before: int


class RefusalStore(Protocol):
    """What was refused."""

    async def keep(self, wanted: KeptRefusals) -> None:
        """Keep refused requests, and forget what is more than may be kept, the oldest first."""

    async def latest(self, account: str | None, before: int, limit: int) -> RefusalPage:
        """Give those below a number (0: from the newest), newest first: of an account, of nobody's (""), or
        all (None).
        """
