"""/v1/refusals: the newest refused requests; `account=-` asks for those with nobody's credential."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.admin import refusals
from aldis.clock import iso_or_none
from aldis.console.api.documents import NEWEST_FIRST, answer, limit_of, made_of, number_of
from aldis.console.page import Calls, RequestContext


class RefusalRecord(msgspec.Struct, frozen=True):
    """A request that was refused."""

    refusal_id: int
    at: str | None
    #: what the customer may have been told, as Mavorion's `incident_uuid`
    incident: str
    dialect: str
    #: null: nobody's
    account: str | None
    credential: str
    peer: str
    request: str
    reason: str
    parameter: str
    value: str


class RefusalList(msgspec.Struct, frozen=True):
    """A page of refused requests, newest first."""

    refusals: list[RefusalRecord]
    next: int | None


CALLS = Calls()
_ASKED = {"account": "whose; - for those with nobody's credential", **NEWEST_FIRST}


@CALLS.add("GET", "/v1/refusals", "List refused requests, newest first", gives=RefusalList, query=_ASKED)
async def _list(context: RequestContext) -> Response:
    services = context.services
    asked = (context.query("account"), number_of(context, "before"), limit_of(context))
    page = await refusals.latest(services.refusals, services.current, *asked)
    found = [
        made_of(RefusalRecord, each, refusal_id=number, at=iso_or_none(each.at), account=each.account or None)
        for number, each in page.found
    ]
    return answer(RefusalList(found, page.next_before or None))
