"""/v1/inbound: messages from handsets; `account=-` asks for those that belong to nobody."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.console.api.written import as_json, instant
from aldis.console.page import Call, Page, Visit
from aldis.operating import asking


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
    #: goes on with `before`; null: there is no more
    next_before: int | None
    #: how far back was looked, where this page has looked at enough
    looked_back_to: str | None


async def _list(visit: Visit) -> Response:
    desk, given = visit.desk, visit.request.query_params
    wanted = asking.inbound_wanted(given, desk.messages.directory, desk.clock.now())
    before = asking.number(given, "before", 0, 2**53)
    page = await desk.inbound.search(wanted, before, asking.limit(given))
    found = [
        InboundRecord(
            each.inbound_id,
            each.link,
            each.sender,
            each.recipient,
            each.text,
            each.keyword,
            each.carrier,
            each.segments,
            desk.messages.account_name(each.account_id) or None,
            instant(each.received_at),
        )
        for each in page.found
    ]
    return as_json(InboundList(found, page.next_before or None, instant(page.looked_back_to)))


PAGES = (
    Page(
        "/v1/inbound",
        _list,
        call=Call(summary="Find messages from handsets, newest first", gives=InboundList),
    ),
)
