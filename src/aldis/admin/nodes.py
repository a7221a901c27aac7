"""The gateways on one database as operators see them, and their orders to drain or remove one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from aldis.accounts.staff import Actor, audit
from aldis.admin.checkup import CheckResult, Finding
from aldis.clock import as_iso
from aldis.errors import AdminError
from aldis.stages.cluster.differences import differences
from aldis.store.contract.nodes import NodeState, NodeStore, NodeView

MISSING, CONFLICT = 404, 409
ORDERS = ("drain", "undrain", "remove")


class ShownNode(msgspec.Struct, frozen=True):
    """One node."""

    view: NodeView
    #: what it has leases of
    held: tuple[str, ...]

    @property
    def standing(self) -> str:
        """Say how it is, in a word."""
        view = self.view
        if view.is_lost:
            return "lost"
        if view.is_drained and view.state is NodeState.SERVING:
            return "draining" if self.held else "drained"
        return view.state.value

    @property
    def links_up(self) -> list[str]:
        """Name the links that are up there."""
        return [name for name, each in self.view.links.items() if each.is_up and self.view.is_alive]

    @property
    def share(self) -> str:
        """Say what it holds: slots of links and of postbacks counted, the rest by name."""
        slots = Counter(each.rpartition("/")[0] for each in self.held if "/" in each)
        counted = [f"{name.removeprefix('link/')} {count}" for name, count in sorted(slots.items())]
        return ", ".join(counted + [each for each in self.held if "/" not in each])


class Nodes:
    """The nodes, for whoever may drain them."""

    def __init__(self, store: NodeStore) -> None:
        self._store = store

    async def all(self) -> list[ShownNode]:
        """Give all, by name; none where a gateway has its store to itself."""
        views = await self._store.all()
        held = await self._store.held() if views else {}
        return [ShownNode(view, held.get(view.holder, ())) for view in views]

    async def order(self, actor: Actor, name: str, order: str, now: int) -> str:
        """Drain a node, have it back, or forget one that is lost; it follows within seconds. `name`: its
        whole name, or its host where that is no other's. Returns the whole name. Raises AdminError.
        """
        if order not in ORDERS:
            raise AdminError(f"a node cannot be told to {order}", MISSING)
        view = _find(await self._store.all(), name)
        entry = audit(actor, now, f"{order} node", view.name)
        if order == "remove":
            if view.is_alive or not await self._store.remove(view.name, entry):
                raise AdminError(f"`{view.name}` is alive: stop it first", CONFLICT)
        elif not await self._store.drain(view.name, entry, drained=order == "drain"):
            raise AdminError(f"there is no node `{view.name}` any more", MISSING)
        return view.name


def unequal(nodes: Sequence[ShownNode]) -> list[str]:
    """Say what should be the same on those that are alive, and is not."""
    return differences([each.view for each in nodes if each.view.is_alive])


def findings(nodes: Sequence[ShownNode]) -> list[Finding]:
    """Look at the nodes, for `aldis doctor`."""
    serving = [each.view.name for each in nodes if each.view.takes_part]
    found = [Finding("nodes", CheckResult.OK, f"{len(serving)} take part: {', '.join(serving)}")]
    if not serving:
        advice = "Start a gateway, or have a drained one back: `aldis node undrain NAME`."
        found = [Finding("nodes", CheckResult.WARN, "no gateway takes part", advice)]
    for view in (each.view for each in nodes if each.view.is_lost):
        says = f"{view.name} has said nothing since {as_iso(view.said_at)}"
        advice = "The others have what it had. Start it again, or forget it: `aldis node remove NAME`."
        found.append(Finding("nodes", CheckResult.WARN, says, advice))
    advice = "Give all the same version, settings and time; until then it matters who has a message."
    return found + [Finding("nodes", CheckResult.WARN, sentence, advice) for sentence in unequal(nodes)]


def _find(views: Sequence[NodeView], name: str) -> NodeView:
    exact = [view for view in views if view.name == name]
    found = exact or [view for view in views if view.name.partition(" ")[0] == name]
    if len(found) != 1:
        known = ", ".join(f"`{view.name}`" for view in found or views) or "none"
        says = f"more than one node is on `{name}`" if found else f"there is no node `{name}`"
        raise AdminError(f"{says}; known: {known}", MISSING)
    return found[0]
