"""What waits for links, or is routed to links, that the settings do not have.

The directory and the settings are two files of two hands: neither can be refused because of the other, so
what does not fit is said wherever somebody looks.
"""

from __future__ import annotations

from collections.abc import Collection

from aldis.accounts.routes import Route
from aldis.store.contract.cells import WITHHELD
from aldis.store.contract.directory import DirectoryStore
from aldis.store.contract.metrics import Backlog, MetricsStore


async def look(metrics: MetricsStore, directory: DirectoryStore, links: Collection[str]) -> list[str]:
    """Say what of a store is stranded, a sentence each. `links`: the names of the settings' links."""
    routes = (await directory.load()).routes
    return [*waiting(await metrics.backlog(), links), *routed(routes, links)]


def waiting(backlog: Backlog, links: Collection[str]) -> list[str]:
    """Name links that are gone while messages wait for them."""
    return [
        f"{backlog.of_link(name)} messages wait for link `{name}`, which is not in the settings"
        for name in sorted(backlog.queued)
        if name not in links and backlog.of_link(name) and not name.startswith(WITHHELD)
    ]


def routed(routes: Collection[Route], links: Collection[str]) -> list[str]:
    """Name routes to links that do not exist."""
    found = []
    for route in routes:
        for name in dict.fromkeys(route.links):
            if name not in links:
                criteria = [f"{key} {value}" for key, value in _criteria(route) if value]
                of = ", ".join(criteria) or "everything"
                found.append(f"the route of {of} names link `{name}`, which is not in the settings")
    return found


def _criteria(route: Route) -> list[tuple[str, str]]:
    return [("carrier", route.carrier), ("sender", route.sender), ("country", route.country)]
