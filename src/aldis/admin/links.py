"""Links as operators see them, and their orders to stop, start and drain one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from aldis.accounts.staff import Actor, audit
from aldis.errors import AdminError
from aldis.stages.sending.upstream import CLOSED, Condition
from aldis.store.contract.link_states import LinkState, LinkStateStore, Wanted
from aldis.store.contract.metrics import MetricsStore
from aldis.store.contract.nodes import LinkStanding, NodeStore

_ORDERS = {"start": Wanted.RUNNING, "stop": Wanted.STOPPED, "drain": Wanted.DRAINING}


class LinkView(msgspec.Struct, frozen=True):
    """One link."""

    name: str
    wanted: Wanted
    #: who gave the order and when; "" and 0 where nobody has
    actor: str
    at: int
    #: segments a second that it may carry; None: no limit but the window
    tps: float | None
    #: None where no gateway runs that has it
    condition: Condition | None
    #: messages that wait for it
    backlog: int
    #: the settings have it; one that they lack is told of while messages wait for it
    is_known: bool = True
    #: how it stands on the other nodes that are alive and have it, by their names
    elsewhere: dict[str, LinkStanding] = {}

    @property
    def is_closed(self) -> bool:
        """Whether it has left, as ordered."""
        return self.condition is not None and all(bind == CLOSED for bind in self.condition.binds)


#: link → how it stands
Conditions = Callable[[], Mapping[str, Condition]]


class OtherNodes(msgspec.Struct, frozen=True):
    """The gateways on the same database."""

    store: NodeStore
    #: the one that tells its conditions itself; "": none does
    me: str

    async def standings(self) -> dict[str, dict[str, LinkStanding]]:
        """Tell of each link how it stands on those that are alive."""
        found: dict[str, dict[str, LinkStanding]] = {}
        for view in await self.store.all():
            for link, standing in view.links.items():
                if view.is_alive and view.name != self.me:
                    found.setdefault(link, {})[view.name] = standing
        return found


class LinkOrders:
    """The links, for whoever may stop them."""

    def __init__(
        self,
        link_states: LinkStateStore,
        metrics: MetricsStore,
        others: OtherNodes,
        tps: Mapping[str, float | None],
        conditions: Conditions,
        on_ordered: Callable[[], None],
    ) -> None:
        """`tps`: every link of the settings, with its limit; `on_ordered`: a hint to whoever follows."""
        self._link_states = link_states
        self._metrics = metrics
        self._others = others
        self._tps = tps
        self._conditions = conditions
        self._on_ordered = on_ordered

    async def links(self) -> list[LinkView]:
        """Give all links, in the order of the settings, then those that are gone while messages wait."""
        states, backlog = await self._link_states.wanted(), await self._metrics.backlog()
        conditions, elsewhere = self._conditions(), await self._others.standings()
        known = [
            LinkView(
                name,
                *_order_of(states.get(name)),
                tps,
                conditions.get(name),
                backlog.of_link(name),
                elsewhere=elsewhere.get(name, {}),
            )
            for name, tps in self._tps.items()
        ]
        return known + [
            LinkView(name, Wanted.RUNNING, "", 0, None, None, backlog.of_link(name), is_known=False)
            for name in sorted(backlog.queued)
            if name not in self._tps and backlog.of_link(name)
        ]

    async def order(self, actor: Actor, name: str, order: str, now: int) -> None:
        """Have a link start, stop or drain; it follows within a second. Raises AdminError."""
        if order not in _ORDERS:
            raise AdminError(f"a link cannot be told to {order}", 404)
        if name not in self._tps:
            known = ", ".join(self._tps) or "none"
            raise AdminError(f"there is no link `{name}`; known: {known}", 404)
        entry = audit(actor, now, f"{order} link", name)
        await self._link_states.want(LinkState(name, _ORDERS[order], actor.name, now), entry)
        self._on_ordered()


def _order_of(state: LinkState | None) -> tuple[Wanted, str, int]:
    """Give what is wanted, who said so and when."""
    return (Wanted.RUNNING, "", 0) if state is None else (state.wanted, state.actor, state.at)
