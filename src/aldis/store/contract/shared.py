"""What several gateways on one database know of each other and count together. A store that only one gateway
can serve has none of it: what that one has in memory is all there is.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec


class OptedOut(NamedTuple):
    """Who has opted out since one asked last."""

    #: (sender, number), under every spelling
    people: set[tuple[str, str]]
    #: the number of the last change of a consent that was looked at
    up_to: int
    #: other gateways feed links now, and may wait until we have said so
    is_awaited: bool


class OptOutStore(Protocol):
    """Says of each gateway up to which change of a consent it has released what it had claimed for people
    who opted out. Changes are numbered in the order of their commits.
    """

    async def join(self, holder: str) -> int:
        """Say of a gateway that has claimed nothing yet that it has released all; returns up to which
        change.
        """

    async def opted_out(self, holder: str, after: int, limit: int) -> OptedOut:
        """Tell who has opted out by the next `limit` changes behind one."""

    async def released(self, holder: str, up_to: int) -> None:
        """Say that a gateway has nothing in hand any more for who opted out by changes up to one."""

    async def not_released(self, holder: str, up_to: int | None) -> tuple[int, int]:
        """Tell how many other gateways feed links, under leases that are not over, and have not said so up
        to a change; None: the newest. Returns that change, and how many. The answer is that of a commit.
        """


class SharedStore(msgspec.Struct, frozen=True):
    """What gateways share, by subject."""

    opt_outs: OptOutStore
