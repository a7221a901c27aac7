"""How work is divided between gateways that share a database: into slots, each with one owner.

What a slot holds goes by the message's id. Who is to own which slot is worked out by each gateway for itself,
from who is alive: rendezvous hashing, in which each is given the slots that fit its name best, so that few
slots change hands when one comes or goes; and none is given more than its even share, since a carrier's TPS
goes with them.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from hashlib import blake2b

#: of a link, or of postbacks; more gateways than this find no work in one link
SLOTS = 8
ALL_SLOTS = frozenset(range(SLOTS))


def slot_of_id(message_id: int, slots: int = SLOTS) -> int:
    """Tell in which slot a message is. Ids are handed out one after the other, so their low bits are even."""
    return message_id % slots


def wanted(resource: str, me: str, nodes: frozenset[str]) -> frozenset[int]:
    """Tell which slots of a resource (`link/NAME`, `postbacks`) a node is to own.

    `nodes`: by name, those that are alive, can serve it and do not drain. Who is none of them gets none. All
    who know of the same nodes agree.
    """
    return _divided(resource, nodes).get(me, frozenset())


@lru_cache(1_024)
def _divided(resource: str, nodes: frozenset[str]) -> dict[str, frozenset[int]]:
    """Give each node its slots, the best fitting first."""
    if not nodes:
        return {}
    share, left_over = divmod(SLOTS, len(nodes))
    owners: dict[int, str] = {}
    counts: Counter[str] = Counter()
    fitting = sorted((_fit(resource, slot, node), slot, node) for slot in range(SLOTS) for node in nodes)
    for _, slot, node in fitting:
        if slot in owners or counts[node] > share or (counts[node] == share and not left_over):
            continue
        left_over -= counts[node] == share
        counts[node] += 1
        owners[slot] = node
    return {node: frozenset(slot for slot in owners if owners[slot] == node) for node in nodes}


def _fit(resource: str, slot: int, node: str) -> bytes:
    return blake2b(f"{resource}/{slot} {node}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
