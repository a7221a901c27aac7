"""How much one peer of a server, and all together, may take: octets, time and connections.

`connection.py` asks and obeys. The size of a body is the dialects' to refuse, in their own words.
"""

from __future__ import annotations

from collections import Counter
from math import inf

import msgspec


class GuardLimits(msgspec.Struct, frozen=True):
    """What one peer, and all together, may take."""

    header_octets: int = 32_768
    header_count: int = 100
    header_s: float = 5.0
    body_s: float = 30.0
    #: how long a connection may stay open between two requests
    idle_s: float = 60.0
    #: how long a request may wait for its answer, whatever that waits for
    answer_s: float = inf
    #: of the body; larger ones are refused in the dialect's words
    body_octets: int = 2_097_152
    connections: int = 2_000
    connections_per_address: int = 40
    #: peers that speak for many others: not capped by address, and believed about whom they speak for
    trusted: frozenset[str] = frozenset()


class Guard:
    """The connections that one server has, by address."""

    #: refused connections that may still be waiting to be told so
    MAX_REFUSED = 500

    def __init__(self, limits: GuardLimits) -> None:
        self.limits = limits
        self._total = 0
        self._refused = 0
        self._by_address: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count a connection in; False when it is one too many."""
        limits = self.limits
        crowded = (
            address not in limits.trusted and self._by_address[address] >= limits.connections_per_address
        )
        if crowded or self._total >= limits.connections:
            return False
        self._total += 1
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self._total -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def enter_refused(self) -> bool:
        """Count a refused connection in; False when even those are too many."""
        if self._refused >= self.MAX_REFUSED:
            return False
        self._refused += 1
        return True

    def leave_refused(self) -> None:
        """Count a refused connection out."""
        self._refused -= 1
