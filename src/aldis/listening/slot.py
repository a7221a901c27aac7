"""What one connection takes of a listener until it leaves."""

from __future__ import annotations

from typing import Protocol


class GiveWay(Protocol):
    """Ends a connection so that another may come, and tells whether it did: never where that would break off
    what is being done for its peer.
    """

    def __call__(self, *, if_idle: bool) -> bool:
        """`if_idle`: only where its peer has begun nothing."""


def stays(*, if_idle: bool) -> bool:
    """Stand for `give_way` where a connection ends for nobody."""
    del if_idle
    return False


class Count(Protocol):
    """What a slot is counted in."""

    def leave(self, slot: ConnectionSlot) -> None:
        """Count it out."""


class ConnectionSlot:
    """The place of one connection, until it is given back."""

    __slots__ = ("_counts", "address", "give_way", "is_refused", "network", "peer")

    def __init__(
        self, address: str, peer: str, network: str, counts: tuple[Count, ...], *, is_refused: bool
    ) -> None:
        #: the peer's, as text; an IPv4 one that came in through IPv6 as what it is
        self.address = address
        #: whom it is counted as, and the network around that
        self.peer = peer
        self.network = network
        #: it is one too many, and may only be told so
        self.is_refused = is_refused
        #: set by whoever speaks with the peer
        self.give_way: GiveWay = stays
        self._counts = counts

    def move(self, *counts: Count) -> None:
        """Have it counted in others, which have counted it in; in none where it was given back already."""
        before, self._counts = self._counts, counts if self._counts else ()
        for count in before or counts:
            count.leave(self)

    def free(self) -> None:
        """Give it back; once, however often it is called."""
        self.give_way = stays
        self.move()
