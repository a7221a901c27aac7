"""How many connections one peer of a listener, and all together, may have. Knows no protocol.

They are counted from their accept to their end, also while they shake hands. A peer is an IPv4 address, or a
/64 of IPv6: a subscriber gets at least that, so addresses in it are no scarcer than ports.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import msgspec

from aldis.addresses import NO_NETWORKS, Networks, network_of, source_address
from aldis.telemetry import Listened

#: one of so many may wait to be told that there is no room
REFUSED_SHARE = 4


def sockets_of(connections: int) -> int:
    """Tell how many sockets so many connections may take, with those that are told that there is no room."""
    return connections + _refused(connections)


def connections_of(sockets: int) -> int:
    """Tell how many connections may be open where there are so many sockets, at least one."""
    return max(1, sockets * REFUSED_SHARE // (REFUSED_SHARE + 1))


def _refused(connections: int) -> int:
    return max(1, connections // REFUSED_SHARE)


class ConnectionLimits(msgspec.Struct, frozen=True):
    """How many connections one peer, and all together, may have."""

    connections: int = 2_000
    connections_per_address: int = 40
    #: peers that speak for many others: not capped by address, and believed about whom they speak for
    trusted: Networks = NO_NETWORKS

    @property
    def sockets(self) -> int:
        """How many there are at most, with those that are told that there is no room."""
        return sockets_of(self.connections)

    @property
    def refused(self) -> int:
        """How many at once are told that there is no room; those beyond are closed without a word."""
        return _refused(self.connections)


class _Count:
    """Connections in all and by peer."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.total = 0
        self._by_peer: Counter[str] = Counter()

    def enter(self, peer: str, most: int) -> bool:
        """Count one in; False when it is one too many, of all or of this peer's `most`."""
        if self.total >= self.most or self._by_peer[peer] >= most:
            return False
        self.total += 1
        self._by_peer[peer] += 1
        return True

    def leave(self, peer: str) -> None:
        """Count one out."""
        self.total -= 1
        self._by_peer[peer] -= 1
        if not self._by_peer[peer]:
            del self._by_peer[peer]


class ConnectionSlot:
    """What one connection takes of a guard until it leaves."""

    __slots__ = ("_count", "_peer", "address", "is_refused")

    def __init__(self, address: str, peer: str, count: _Count, *, is_refused: bool) -> None:
        #: the peer's, as text; an IPv4 one that came in through IPv6 as what it is
        self.address = address
        #: it is one too many, and may only be told so
        self.is_refused = is_refused
        self._peer = peer
        self._count: _Count | None = count

    def free(self) -> None:
        """Give it back; once, however often it is called."""
        if self._count is not None:
            self._count.leave(self._peer)
            self._count = None


class Guard:
    """The connections that one listener has."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._taken = _Count(limits.connections)
        self._refused = _Count(limits.refused)
        #: since the start, those that were one too many
        self.refused = 0

    @property
    def open(self) -> int:
        """How many are open, without those that are refused."""
        return self._taken.total

    def counts(self) -> Listened:
        """Tell how many there are, for the metrics."""
        return Listened(self.open, self.limits.connections, self.refused)

    def admit(self, host: str) -> ConnectionSlot | None:
        """Count a connection from a host in; None when it is to be closed without a word."""
        address, peer = _peer_of(host)
        limits = self.limits
        most = limits.connections if address in limits.trusted else limits.connections_per_address
        if self._taken.enter(peer, most):
            return ConnectionSlot(address, peer, self._taken, is_refused=False)
        self.refused += 1
        if self._refused.enter(peer, most):
            return ConnectionSlot(address, peer, self._refused, is_refused=True)
        return None


@lru_cache(maxsize=4096)
def _peer_of(host: str) -> tuple[str, str]:
    """Give the address of a host as text, and whom it is counted as."""
    return str(source_address(host) or host), network_of(host) or host
