"""Which gateways work on the data: each is a node, and says about once a second that it is there.

A node is one gateway with its data directory. It is alive while it has said something within the time that a
lease holds, by the engine's clock. On data that only one process can open there is one node, always.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry


class NodeState(StrEnum):
    """What a node says of itself."""

    SERVING = "serving"
    #: stops: takes no more requests, and gives back what it has leases of
    LEAVING = "leaving"
    #: has stopped in good order
    LEFT = "left"


class LinkStanding(msgspec.Struct, frozen=True):
    """How a link stands on one node. Every field has a default: the node may be of another version."""

    is_up: bool = False
    #: of each connection: "bound", or why it is not up
    binds: tuple[str, ...] = ()
    #: segments that await their response, and how many may
    in_flight: int = 0
    window: int = 0
    #: segments a second
    per_s: float = 0.0
    #: what last brought a connection down, and when (Unix milliseconds); "" for nothing
    last_error: str = ""
    last_error_at: int = 0


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself. Instants in Unix milliseconds."""

    #: host and data directory
    name: str
    #: this run of it, the name under which it takes leases
    holder: str
    #: Aldis'
    version: str
    started_at: int
    #: its machine's clock
    clock_at: int
    state: NodeState = NodeState.SERVING
    #: what of its settings must be the same on all nodes → digest
    settings: dict[str, str] = {}
    #: links of its settings → how they stand
    links: dict[str, LinkStanding] = {}
    #: what it did each second since it said something last, by what is counted (`admin/metrics_snapshot.py`);
    #: empty where there is no other node
    rates: dict[str, float] = {}


class NodeView(NodeStatus, frozen=True, kw_only=True):
    """A node as all see it."""

    #: when it said that, by the engine's clock
    said_at: int
    #: has said something within the time that a lease holds, and has not left
    is_alive: bool
    #: an operator wants it to have nothing
    is_drained: bool = False

    @property
    def takes_part(self) -> bool:
        """Whether it is to be given anything."""
        return self.is_alive and not self.is_drained and self.state is NodeState.SERVING

    @property
    def is_lost(self) -> bool:
        """Whether it has ended without a word, or cannot reach the engine."""
        return not self.is_alive and self.state is not NodeState.LEFT

    @property
    def apart_ms(self) -> int:
        """How far its machine's clock is ahead of the engine's."""
        return self.clock_at - self.said_at


class NodeStore(Protocol):
    """The nodes, ordered by name."""

    async def say(self, status: NodeStatus) -> tuple[NodeView, ...]:
        """Write how a node is, and give all. The answer is that of a commit. Raises LeaseLost when another
        process has taken the node's place.
        """

    async def all(self) -> tuple[NodeView, ...]:
        """Give all; none where only one can be."""

    async def held(self) -> dict[str, tuple[str, ...]]:
        """Give the resources whose leases are not over, by holder."""

    async def drain(self, name: str, entry: AuditEntry, *, drained: bool) -> bool:
        """Keep what an operator wants of a node; outlives its restart. False: there is none of that name."""

    async def remove(self, name: str, entry: AuditEntry) -> bool:
        """Forget a node that is not alive and end its leases: if it wakes it writes nothing more. False: it
        is alive, or there is none of that name.
        """

    async def forget(self, commands_s: int, nodes_s: int) -> int:
        """Forget commands that began so long ago, and nodes that have said nothing for so long. Returns how
        many.
        """
