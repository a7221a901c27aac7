"""Refused requests: who was told no, and why."""

from __future__ import annotations

from starlette.responses import Response

from aldis.admin import query_params, refusals
from aldis.console.page import Page, RequestContext
from aldis.console.pages.listing import asked, listed
from aldis.store.contract.refusals import RefusalPage


async def _list(context: RequestContext) -> Response:
    services, given = context.services, asked(context, "account")

    async def search(before: int) -> RefusalPage:
        """Find a page of refused requests."""
        whose, size = given["account"], query_params.ON_A_PAGE
        return await refusals.latest(services.refusals, services.current, whose, before, size)

    return await listed(context, "refusals", given, search, RefusalPage((), 0))


PAGES = (Page("/refusals", _list),)
