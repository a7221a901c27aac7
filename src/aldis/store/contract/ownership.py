"""Who owns what only one may work on: a link's slot, the jobs, maintenance.

An owner holds a lease. Each new lease of a resource has a higher epoch, and every claim and write that
depends on it carries its lease: with an epoch that is no longer the newest it raises LeaseLost and keeps
nothing. So an owner that was taken for dead and wakes again changes nothing any more.

A link is divided into slots by the ids of its messages (`traffic/slots.py`), so that several gateways can
send over it at once; who sends holds a lease of each of its slots, and claims and writes by all of them.

A lease may end by time. Its owner submits nothing once that has run out, until it is renewed: by then another
may have it. Whose store is open in one process only has leases without end.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

#: what sends to many, and what does maintenance
JOBS, MAINTENANCE = "jobs", "maintenance"


def slot_of(link: str, slot: int = 0) -> str:
    """Name the resource of whoever feeds a part of a link."""
    return f"link/{link}/{slot}"


def postbacks_slot(slot: int) -> str:
    """Name the resource of whoever posts a part of all postbacks."""
    return f"postbacks/{slot}"


def slot_number(resource: str) -> int:
    """Give the number of the slot that a resource is."""
    return int(resource.rpartition("/")[2])


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """Whose a resource is."""

    resource: str
    #: a name that no other process has, also of those that died
    holder: str
    #: 0: not given yet
    epoch: int
    #: for so long it holds, by the owner's monotonic clock, from when it was asked for; None: without end
    holds_ms: int | None = None

    @property
    def link(self) -> str:
        """Name the link whose slot it is."""
        return self.resource.removeprefix("link/").rpartition("/")[0]

    @property
    def slot(self) -> int:
        """Give the number of the slot that it is of."""
        return slot_number(self.resource)


class OwnershipStore(Protocol):
    """Gives leases out."""

    @property
    def slots(self) -> int:
        """Tell into how many slots each link is divided; 1 where the store is open in one process only."""

    async def acquire(self, resource: str, holder: str) -> Lease | None:
        """Make a resource the holder's, under a new epoch; None while it is another's whose lease is not
        over. A holder that has it already gets a new lease, and its old one is over.
        """

    async def renew(self, lease: Lease) -> Lease | None:
        """Go on to hold a lease, under the same epoch and from now on, also one whose time has run out if
        nobody has acquired it since; None: it is not the newest any more. The answer is that of a commit.
        """

    async def give_back(self, lease: Lease) -> None:
        """End a lease, if it is still the newest: nothing can be written under it from now on, and anybody
        may acquire it.
        """
