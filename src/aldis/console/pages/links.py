"""Links: how each stands, and stopping, starting, draining one."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.console.page import Page, Visit, render, see_other
from aldis.errors import OperatingError
from aldis.store.link_orders import Wanted

ORDERS = {"start": Wanted.RUNNING, "stop": Wanted.STOPPED, "drain": Wanted.DRAINING}
_DONE = {
    "start": "The link is to run.",
    "stop": "The link is to stop; its messages wait, or take a backup.",
    "drain": "The link finishes what is in flight, then it leaves.",
}


async def _links(visit: Visit) -> Response:
    links = await visit.desk.links.links()
    return render(visit, "links.html", links=links, done=_DONE.get(visit.query("done"), ""))


async def _order(visit: Visit) -> Response:
    name, order = visit.request.path_params["name"], visit.request.path_params["order"]
    if order not in ORDERS:
        raise OperatingError(f"a link cannot be told to {order}", 404)
    await visit.desk.links.order(visit.actor, name, ORDERS[order], visit.desk.clock.now())
    return see_other(f"/links?done={order}")


PAGES = (
    Page("/links", _links),
    Page("/links/{name}/{order}", _order, Role.OPERATOR, ("POST",)),
)
