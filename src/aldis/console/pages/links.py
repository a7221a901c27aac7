"""Links: how each stands, and stopping, starting, draining one."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.console.page import Page, RequestContext, render, see_other

_DONE = {
    "start": "The link is to run.",
    "stop": "The link is to stop; its messages wait, or take a backup.",
    "drain": "The link finishes what is in flight, then it leaves.",
}

#: messages that are set aside, of which the newest are listed
POISON_SHOWN = 100


async def _links(context: RequestContext) -> Response:
    links = await context.services.links.links()
    return render(
        context,
        "links.html",
        links=links,
        poison=await context.services.messages.poison(POISON_SHOWN),
        done=_DONE.get(context.query("done"), ""),
    )


async def _order(context: RequestContext) -> Response:
    name, order = context.part("name"), context.part("order")
    await context.services.links.order(context.actor, name, order, context.now)
    return see_other(f"/links?done={order}")


PAGES = (
    Page("/links", _links),
    Page("/links/{name}/{order}", _order, Role.OPERATOR, ("POST",)),
)
