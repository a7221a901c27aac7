"""How much one peer of an HTTP server may take: octets, time and connections.

`session.py` asks and obeys. The size of a body is the dialects' to refuse, in their own words.
"""

from __future__ import annotations

from math import inf

from aldis.listening.guard import ConnectionLimits


class GuardLimits(ConnectionLimits, frozen=True):
    """What one peer, and all together, may take."""

    header_octets: int = 32_768
    header_count: int = 100
    #: of a head, and of a handshake
    header_s: float = 5.0
    body_s: float = 30.0
    #: how long a connection may stay open between two requests
    idle_s: float = 60.0
    #: how long a request may wait for its answer, whatever that waits for
    answer_s: float = inf
    #: of the body; larger ones are refused in the dialect's words
    body_octets: int = 2_097_152
    #: of the bodies of all connections together, while they come and while the door has them
    bodies_octets: int = 134_217_728


#: what all bodies may take where nothing is said: so many of the largest, or so much that short ones are
#: never refused, and a part of the memory that there is
LARGEST_AT_ONCE, AMPLE_OCTETS, MEMORY_PART = 16, 134_217_728, 8


def total_octets(connections: int, body_octets: int, memory_octets: int) -> int:
    """Tell what the bodies of all connections may take together: no more than they can be, and within memory
    (0: nobody knows how much there is), but never less than one.
    """
    wanted = min(connections * body_octets, max(AMPLE_OCTETS, LARGEST_AT_ONCE * body_octets))
    within = min(wanted, memory_octets // MEMORY_PART) if memory_octets else wanted
    return max(within, body_octets)


class BodyBudget:
    """What the bodies of one server's requests may take together. A body that came in one read of its socket
    and is short is not counted: it is answered before more is read.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        #: that are held now
        self.octets = 0

    def take(self, octets: int) -> bool:
        """Count octets in; False where there is no room for them."""
        if self.octets + octets > self._most:
            return False
        self.octets += octets
        return True

    def give_back(self, octets: int) -> None:
        """Count octets out."""
        self.octets -= octets
