"""How many connections one peer of a listener, and all together, may have. Knows no protocol.

They are counted from their accept to their end, also while they shake hands. A peer is an IPv4 address, or a
/64 of IPv6: a subscriber gets at least that, so addresses in it are no scarcer than ports. Where all are
taken, a newcomer has the place of an idle connection of the network that has most (`share.py`); peers that
have shown a valid credential keep half of all.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from ipaddress import ip_network

import msgspec

from aldis.addresses import NO_NETWORKS, Networks, network_of, source_address
from aldis.listening.share import Share
from aldis.listening.slot import ConnectionSlot
from aldis.telemetry import Listened

#: one of so many may wait to be told that there is no room
REFUSED_SHARE = 4
#: and one of so many of those places is for connections that leave for others
LEAVING_PART = 4
#: peers that have shown a valid credential
MOST_KNOWN = 10_000
#: what is routed as a whole at least. Source: RFC 7454 §6.1.3
IPV4_BITS, IPV6_BITS = 24, 48


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
        self.by_peer: Counter[str] = Counter()

    def has_room(self, peer: str, most: int) -> bool:
        """Tell whether one more is not too many, of all or of this peer's `most`."""
        return self.total < self.most and self.by_peer[peer] < most

    def enter(self, peer: str) -> None:
        """Count one in."""
        self.total += 1
        self.by_peer[peer] += 1

    def leave(self, slot: ConnectionSlot) -> None:
        """Count one out."""
        self.total -= 1
        self.by_peer[slot.peer] -= 1
        if not self.by_peer[slot.peer]:
            del self.by_peer[slot.peer]


class Guard:
    """The connections that one listener has."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        #: those that have left for others, and whose sockets are not closed yet
        self._leaving = _Count(limits.refused // LEAVING_PART)
        self._taken = _Count(limits.connections)
        self._refused = _Count(limits.refused - self._leaving.most)
        #: of those that are taken, peers' who have shown a valid credential, and all others'
        self._known, self._unknown = Share(), Share()
        self._known_peers: set[str] = set()
        #: hears of an address that has shown a valid credential; costs little the second time
        self.know = lru_cache(maxsize=MOST_KNOWN)(self._know)
        #: since the start, those that were one too many, and those that were closed for others
        self.refused = self.gave_way = 0

    @property
    def open(self) -> int:
        """How many are open, without those that are refused."""
        return self._taken.total

    def counts(self) -> Listened:
        """Tell how many there are, for the metrics."""
        return Listened(self.open, self.limits.connections, self.refused, self.gave_way)

    def admit(self, host: str) -> ConnectionSlot | None:
        """Count a connection from a host in; None when it is to be closed without a word."""
        address, peer, network = _peer_of(host)
        limits, taken = self.limits, self._taken
        is_trusted = address in limits.trusted
        most = limits.connections if is_trusted else limits.connections_per_address
        if taken.total >= taken.most and taken.by_peer[peer] < most:
            self._make_room(peer, network)
        if taken.has_room(peer, most):
            taken.enter(peer)
            share = self._known if is_trusted or peer in self._known_peers else self._unknown
            slot = ConnectionSlot(address, peer, network, (taken, share), is_refused=False)
            share.enter(slot)
            return slot
        self.refused += 1
        if self._refused.has_room(peer, most):
            self._refused.enter(peer)
            return ConnectionSlot(address, peer, network, (self._refused,), is_refused=True)
        return None

    def _make_room(self, peer: str, network: str) -> None:
        """Have a connection leave for a peer: one of those who have shown a credential where they have more
        than half of all, else one of the others, so that neither keep the other out.
        """
        if self._leaving.total >= self._leaving.most:
            return
        share = self._known if 2 * self._known.total > self._taken.most else self._unknown
        left = share.give_way(network, peer, self._taken.by_peer)
        if left is not None:
            self.gave_way += 1
            self._leaving.enter(left.peer)
            left.move(self._leaving)

    def _know(self, address: str) -> None:
        _, peer, network = _peer_of(address)
        if (
            len(self._known_peers) >= MOST_KNOWN
        ):  # whoever is still there is known again with the next request
            self._known_peers.clear()
            self.know.cache_clear()
        self._known_peers.add(peer)
        for slot in self._unknown.of(network):
            if slot.peer == peer:
                self._taken.enter(peer)
                self._known.enter(slot)
                slot.move(self._taken, self._known)


@lru_cache(maxsize=4096)
def _peer_of(host: str) -> tuple[str, str, str]:
    """Give the address of a host as text, whom it is counted as, and the network around that."""
    address = source_address(host)
    if address is None:
        return host, host, host
    bits = IPV4_BITS if address.version == 4 else IPV6_BITS  # noqa: PLR2004 - as it is called
    return str(address), network_of(host), str(ip_network((address.packed, bits), strict=False))
