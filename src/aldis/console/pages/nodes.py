"""Nodes: the gateways that work on one database; draining and removing one."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin.nodes import unequal
from aldis.console.page import Page, RequestContext, fault_values, render, see_other
from aldis.errors import AdminError

_DONE = {
    "drain": "The node gives away what it has, and takes no new requests.",
    "undrain": "The node takes its share again.",
    "remove": "The node is forgotten.",
}


async def _nodes(context: RequestContext, fault: AdminError | None = None) -> Response:
    found = await context.services.nodes.all()
    done = _DONE.get(context.query("done"), "")
    return render(
        context, "nodes.html", **fault_values(fault), nodes=found, unequal=unequal(found), done=done
    )


async def _order(context: RequestContext) -> Response:
    name, order = context.form.get("name", ""), context.part("order")
    try:
        await context.services.nodes.order(context.actor, name, order, context.now)
    except AdminError as fault:
        return await _nodes(context, fault)
    return see_other(f"/nodes?done={order}")


PAGES = (
    Page("/nodes", _nodes),
    Page("/nodes/{order}", _order, Role.OPERATOR, ("POST",)),
)
