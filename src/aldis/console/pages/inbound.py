"""Messages from handsets, those that belong to nobody too."""

from __future__ import annotations

from starlette.responses import Response

from aldis.admin import query_params
from aldis.console.page import Page, RequestContext
from aldis.console.pages.listing import asked, listed
from aldis.store.contract.search import InboundPage


async def _list(context: RequestContext) -> Response:
    services, given = context.services, asked(context, *query_params.INBOUND_FIELDS)

    async def search(before: int) -> InboundPage:
        """Find a page of messages from handsets."""
        wanted = query_params.inbound_wanted(given, services.messages.directory, context.now)
        return await services.search.inbound(wanted, before, query_params.ON_A_PAGE)

    return await listed(context, "inbound", given, search, InboundPage((), 0), links=services.messages.links)


PAGES = (Page("/inbound", _list),)
