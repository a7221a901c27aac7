"""Messages from handsets, those that belong to nobody too."""

from __future__ import annotations

from starlette.responses import Response

from aldis.console.page import Page, Visit, render
from aldis.console.pages.listing import address, asked
from aldis.errors import OperatingError
from aldis.operating import asking
from aldis.store.views import InboundPage

FIELDS = ("number", "recipient", "account", "keyword", "link", "since", "until")


async def _list(visit: Visit) -> Response:
    desk, given, fault, found = visit.desk, asked(visit, *FIELDS), "", InboundPage((), 0)
    before = 0
    try:
        before = asking.number(visit.request.query_params, "before", 0, 2**53)
        wanted = asking.inbound_wanted(given, desk.messages.directory, desk.clock.now())
        found = await desk.inbound.search(wanted, before, asking.ON_A_PAGE)
    except OperatingError as problem:
        fault = str(problem)
    return render(
        visit,
        "inbound_found.html" if visit.is_htmx else "inbound.html",
        status=422 if fault and not visit.is_htmx else 200,
        given=given,
        fault=fault,
        found=found.found,
        looked_back_to=found.looked_back_to,
        is_asked=any(given.values()),
        first=address("/inbound", given) if before else "",
        older=address("/inbound", given, before=found.next_before) if found.next_before else "",
        name_of=desk.messages.account_name,
        accounts=sorted(desk.messages.directory.accounts),
        links=desk.messages.links,
    )


PAGES = (Page("/inbound", _list),)
