"""Who owns what only one may work on: a link's slot, the jobs, maintenance.

An owner holds a lease. Each new lease of a resource has a higher epoch, and every write that depends on it
carries its lease: with an epoch that is no longer the newest it raises LeaseLost and keeps nothing. So an
owner that was taken for dead and wakes again changes nothing any more.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

#: what sends to many, and what does maintenance
JOBS, MAINTENANCE = "jobs", "maintenance"


def slot_of(link: str) -> str:
    """Name the resource of whoever feeds a link; each link has one slot."""
    return f"link/{link}/0"


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """Whose a resource is."""

    resource: str
    #: for people
    holder: str
    epoch: int

    @property
    def link(self) -> str:
        """Name the link whose slot it is."""
        return self.resource.removeprefix("link/").removesuffix("/0")


class OwnershipStore(Protocol):
    """Gives leases out."""

    async def acquire(self, resource: str, holder: str) -> Lease:
        """Make a resource the holder's, under a new epoch."""

    async def renew(self, lease: Lease) -> bool:
        """Go on to hold a lease; False: it is not the newest any more."""

    async def give_back(self, lease: Lease) -> None:
        """End a lease, if it is still the newest: nothing can be written under it from now on."""
