"""Messages from handsets, those that belong to nobody too."""

from __future__ import annotations

from starlette.responses import Response

from aldis.admin import query_params
from aldis.console.page import Page, RequestContext, render
from aldis.console.pages.listing import address, asked
from aldis.errors import AdminError
from aldis.store.contract.search import InboundPage


async def _list(context: RequestContext) -> Response:
    services, given, fault, found = (
        context.services,
        asked(context, *query_params.INBOUND_FIELDS),
        "",
        InboundPage((), 0),
    )
    before = 0
    try:
        before = query_params.number(context.request.query_params, "before")
        wanted = query_params.inbound_wanted(given, services.messages.directory, services.clock.now())
        found = await services.inbound.search(wanted, before, query_params.ON_A_PAGE)
    except AdminError as problem:
        fault = str(problem)
    return render(
        context,
        "inbound_found.html" if context.is_htmx else "inbound.html",
        status=422 if fault and not context.is_htmx else 200,
        given=given,
        fault=fault,
        found=found.found,
        looked_back_to=found.looked_back_to,
        is_asked=any(given.values()),
        first=address("/inbound", given) if before else "",
        older=address("/inbound", given, before=found.next_before) if found.next_before else "",
        name_of=services.messages.account_name,
        accounts=sorted(services.messages.directory.accounts),
        links=services.messages.links,
    )


PAGES = (Page("/inbound", _list),)
