"""/v1/inbound: messages from handsets; `account=-` asks for those that belong to nobody."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.admin import query_params
from aldis.clock import iso_or_none
from aldis.console.api.documents import NEWEST_FIRST, answer, limit_of, made_of, number_of
from aldis.console.page import Calls, RequestContext


class InboundRecord(msgspec.Struct, frozen=True):
    """A message from a handset."""

    inbound_id: int
    link: str
    sender: str
    recipient: str
    text: str
    keyword: str
    carrier: str
    segments: int
    #: null: nobody's
    account: str | None
    received_at: str | None


class InboundList(msgspec.Struct, frozen=True):
    """A page of messages from handsets, newest first."""

    inbound: list[InboundRecord]
    next: int | None
    #: how far back was looked, where this page has looked at enough
    looked_back_to: str | None


CALLS = Calls()
#: what a search may be asked by
_ASKED = {**dict.fromkeys(query_params.INBOUND_FIELDS, "as the console's search takes it"), **NEWEST_FIRST}


@CALLS.add("GET", "/v1/inbound", "Find messages from handsets, newest first", gives=InboundList, query=_ASKED)
async def _list(context: RequestContext) -> Response:
    services, given = context.services, context.request.query_params
    wanted = query_params.inbound_wanted(given, services.messages.directory, context.now)
    page = await services.search.inbound(wanted, number_of(context, "before"), limit_of(context))
    found = [
        made_of(
            InboundRecord,
            each,
            account=services.messages.account_name(each.account_id) or None,
            received_at=iso_or_none(each.received_at),
        )
        for each in page.found
    ]
    return answer(InboundList(found, page.next_before or None, iso_or_none(page.looked_back_to)))
