"""Says about once a second that this gateway is there, and knows which others are."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from aldis.errors import GatewayError
from aldis.stages.agent import Agent
from aldis.stages.cluster.differences import differences
from aldis.store.contract.nodes import NodeState, NodeStatus, NodeStore, NodeView
from aldis.traffic import slots

log = structlog.get_logger()

SAY_S = 1.0
#: after so long nobody misses a command that was killed, or a node that is silent
COMMANDS_S, NODES_S = 86_400, 7 * 86_400
#: from one look for them to the next, in rounds
FORGET_EACH = 3_600


class Membership(Agent):
    """Knows the nodes as they were when this one said something last."""

    def __init__(self, store: NodeStore, name: str, status: Callable[[NodeState], NodeStatus]) -> None:
        """`name`: this node's; `status`: tells how it is."""
        super().__init__("membership", SAY_S)
        self._store = store
        self.node = name
        self._status = status
        self._state = NodeState.SERVING
        self._rounds = 0
        #: alive ones, ours among them
        self.nodes: tuple[NodeView, ...] = ()
        #: whether anybody else is alive
        self.has_others = False
        #: links that are up on another one
        self.up_elsewhere: frozenset[str] = frozenset()
        #: ours
        self.me: NodeView | None = None
        #: what is unequal, as it was said last
        self._told: list[str] = []

    @property
    def is_to_have_nothing(self) -> bool:
        """Whether an operator has drained this node."""
        return self.me is not None and self.me.is_drained

    def candidates(self, link: str = "") -> frozenset[str]:
        """Name the nodes that can be given a part of something: of a link those where it is up, or where
        there is such a link if it is up nowhere.
        """
        taking = [view for view in self.nodes if view.takes_part]
        if link:
            having = [view for view in taking if link in view.links]
            taking = [view for view in having if view.links[link].is_up] or having
        return frozenset(view.name for view in taking)

    def wanted(self, divided: str) -> frozenset[int]:
        """Tell which slots of something (`link/NAME`, `postbacks`) this node is to own."""
        kind, _, name = divided.partition("/")
        return slots.wanted(divided, self.node, self.candidates(name if kind == "link" else ""))

    @property
    def takes_part(self) -> bool:
        """Whether this node is to own what only one can, such as maintenance: unless it leaves or is drained,
        and others do not.
        """
        taking = self.candidates()
        return self.node in taking or not taking

    async def step(self) -> int:
        """Say that we are there; returns 0."""
        await self.say()
        if self._rounds % FORGET_EACH == 0:
            count = await self._store.forget(COMMANDS_S, NODES_S)
            if count:
                log.info("nodes and commands that ended long ago are forgotten", count=count)
        self._rounds += 1
        return 0

    async def say(self) -> None:
        """Say how we are, and look who is there. Raises StoreUnavailable, LeaseLost."""
        views = await self._store.say(self._status(self._state))
        alive = tuple(view for view in views if view.is_alive)
        was, now = {view.name for view in self.nodes}, {view.name for view in alive}
        self.nodes, self.has_others = alive, len(alive) > 1
        self.up_elsewhere = frozenset(
            link
            for view in alive
            if view.name != self.node
            for link, standing in view.links.items()
            if standing.is_up
        )
        self.me = next((view for view in views if view.name == self.node), None)
        if was and was != now:
            log.warning("nodes have come or gone", come=sorted(now - was), gone=sorted(was - now))
        told = differences(alive)
        for sentence in told:
            if sentence not in self._told:
                log.warning("nodes are unequal", what=sentence)
        self._told = told

    def leave(self) -> None:
        """Say that we are about to stop, so that the others take what we give back."""
        self._state = NodeState.LEAVING
        self.wake()

    async def run(self) -> None:
        """Say it until stopped, then that we have left."""
        await super().run()
        self._state = NodeState.LEFT
        try:
            await self._store.say(self._status(self._state))
        except GatewayError as fault:  # we are not heard any more, which says the same
            log.info("the end of a node cannot be told", fault=str(fault))
