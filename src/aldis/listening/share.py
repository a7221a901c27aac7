"""Which connection gives way where there are as many as there may be. Knows no protocol.

Connections are counted by network: a /24 of IPv4, a /48 of IPv6, the longest prefixes that are routed on
their own (RFC 7454 §6.1.3), so that who has many addresses has them in few of these.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice

from aldis.listening.slot import ConnectionSlot

#: of one network, for each that comes: bounds what coming costs
LOOKED_AT = 32


def is_fairer(has: int, most: int) -> bool:
    """Tell whether it is fairer that who has so many has one more, and who has most one less: not where they
    only change their places, unless the one has none.
    """
    return most > has + 1 or most > has == 0


class Share:
    """The connections of some peers, by network; those that came first are the first."""

    def __init__(self) -> None:
        self.total = 0
        self._slots: dict[str, dict[ConnectionSlot, None]] = {}
        #: the networks that have 0, 1, 2 … connections, up to those that have most
        self._ranks: list[dict[str, None]] = [{}]

    def of(self, network: str) -> list[ConnectionSlot]:
        """Give those of a network."""
        return list(self._slots.get(network, ()))

    def enter(self, slot: ConnectionSlot) -> None:
        """Count one in."""
        slots = self._slots.setdefault(slot.network, {})
        slots[slot] = None
        self.total += 1
        count = len(slots)
        if count == len(self._ranks):
            self._ranks.append({})
        self._ranks[count - 1].pop(slot.network, None)
        self._ranks[count][slot.network] = None

    def leave(self, slot: ConnectionSlot) -> None:
        """Count one out."""
        slots = self._slots[slot.network]
        del slots[slot]
        self.total -= 1
        count = len(slots)
        del self._ranks[count + 1][slot.network]
        if count:
            self._ranks[count][slot.network] = None
        else:
            del self._slots[slot.network]
        while len(self._ranks) > 1 and not self._ranks[-1]:
            self._ranks.pop()

    def give_way(self, network: str, peer: str, by_peer: Counter[str]) -> ConnectionSlot | None:
        """Have a connection leave for a peer, an idle one first: of the network that has most; where that has
        no more than the peer's own, of a peer there that has more. Gives it, None where none leaves.

        by_peer: how many connections each has.
        """
        own = self._slots.get(network, {})
        is_others = is_fairer(len(own), len(self._ranks) - 1)
        slots = self._slots[next(iter(self._ranks[-1]))] if is_others else own
        looked_at = list(islice(slots, LOOKED_AT))
        for if_idle in (True, False):
            for slot in looked_at:
                may = is_others or is_fairer(by_peer[peer], by_peer[slot.peer])
                if may and slot.give_way(if_idle=if_idle):
                    return slot
        for slot in looked_at:  # others next time
            del slots[slot]
            slots[slot] = None
        return None
