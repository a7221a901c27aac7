"""/v1/messages: searching, reading, calling back and sending again. Sending is elsewhere."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.message_document import MessageDetail, MessageRecord, as_document, as_record
from aldis.clock import iso_or_none
from aldis.console.api.documents import NEWEST_FIRST, answer, limit_of, number_of
from aldis.console.page import Calls, RequestContext


class MessageList(msgspec.Struct, frozen=True):
    """A page of messages, newest first."""

    messages: list[MessageRecord]
    next: int | None
    #: how far back was looked, where this page has looked at enough
    looked_back_to: str | None


class NewMessageId(msgspec.Struct, frozen=True):
    """The message that was sent again."""

    message_id: int


class PoisonRecord(msgspec.Struct, frozen=True):
    """A message that is set aside."""

    message_id: int
    link: str
    faults: int
    reason: str
    failed_at: str | None


class PoisonList(msgspec.Struct, frozen=True):
    """Messages that are set aside, the newest fault first."""

    messages: list[PoisonRecord]


CALLS = Calls()
#: what a search may be asked by
_ASKED = {
    **dict.fromkeys(("q", *query_params.MESSAGE_FIELDS), "as the console's search takes it"),
    **NEWEST_FIRST,
}


@CALLS.add("GET", "/v1/messages", "Find messages, newest first", gives=MessageList, query=_ASKED)
async def _list(context: RequestContext) -> Response:
    services, given = context.services, context.request.query_params
    wanted = query_params.messages_wanted(given, services.messages.directory, context.now)
    wanted = await services.messages.guess(context.query("q"), wanted)
    page = await services.messages.search(wanted, number_of(context, "before"), limit_of(context))
    found = [as_record(services.messages, each) for each in page.found]
    return answer(MessageList(found, page.next_before or None, iso_or_none(page.looked_back_to)))


async def _detail(context: RequestContext) -> MessageDetail:
    told = await context.services.messages.tell(context.number("message_id"))
    return as_document(told, await context.services.waiting.reasons(told.view, context.now))


@CALLS.add("GET", "/v1/messages/{message_id:number}", "Tell all about a message", gives=MessageDetail)
async def _show(context: RequestContext) -> Response:
    return answer(await _detail(context))


@CALLS.add(
    "POST",
    "/v1/messages/{message_id:number}/cancel",
    "Call a message back that waits",
    Role.OPERATOR,
    gives=MessageDetail,
)
async def _cancel(context: RequestContext) -> Response:
    await context.services.messages.cancel(context.actor, context.number("message_id"), context.now)
    return answer(await _detail(context))


@CALLS.add(
    "POST",
    "/v1/messages/{message_id:number}/again",
    "Send what a message says once more",
    Role.OPERATOR,
    gives=NewMessageId,
    status=201,
)
async def _again(context: RequestContext) -> Response:
    message_id = context.number("message_id")
    new_id = await context.services.messages.again(context.actor, message_id, context.now)
    return answer(NewMessageId(new_id), 201)


@CALLS.add(
    "GET",
    "/v1/poison-messages",
    "List messages that are set aside, because handling them failed again and again",
    gives=PoisonList,
    query={"limit": NEWEST_FIRST["limit"]},
)
async def _poison(context: RequestContext) -> Response:
    found = await context.services.messages.poison(limit_of(context))
    records = [
        PoisonRecord(each.message_id, each.link, each.faults, each.reason, iso_or_none(each.failed_at))
        for each in found
    ]
    return answer(PoisonList(records))


@CALLS.add(
    "POST",
    "/v1/messages/{message_id:number}/try-again",
    "Have a message claimed again that is set aside",
    Role.OPERATOR,
    gives=MessageDetail,
)
async def _try_again(context: RequestContext) -> Response:
    await context.services.messages.try_again(context.actor, context.number("message_id"), context.now)
    return answer(await _detail(context))
