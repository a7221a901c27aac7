"""/v1/messages: searching, reading, calling back and sending again. Sending is elsewhere."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.message_document import MessageDetail, MessageRecord, as_document, as_record
from aldis.clock import iso_or_none
from aldis.console.api.documents import NEWEST_FIRST, answer, limit_of, number_of
from aldis.console.page import Call, Page, RequestContext


class MessageList(msgspec.Struct, frozen=True):
    """A page of messages, newest first."""

    messages: list[MessageRecord]
    next: int | None
    #: how far back was looked, where this page has looked at enough
    looked_back_to: str | None


class NewMessageId(msgspec.Struct, frozen=True):
    """The message that was sent again."""

    message_id: int


async def _list(context: RequestContext) -> Response:
    services, given = context.services, context.request.query_params
    wanted = query_params.messages_wanted(given, services.messages.directory, services.clock.now())
    wanted = await services.messages.guess(context.query("q"), wanted)
    page = await services.messages.search(wanted, number_of(context, "before"), limit_of(context))
    found = [as_record(services.messages, each) for each in page.found]
    return answer(MessageList(found, page.next_before or None, iso_or_none(page.looked_back_to)))


async def _show(context: RequestContext) -> Response:
    messages = context.services.messages
    return answer(as_document(await messages.tell(context.request.path_params["message_id"])))


async def _cancel(context: RequestContext) -> Response:
    messages, message_id = context.services.messages, context.request.path_params["message_id"]
    await messages.cancel(context.actor, message_id, context.services.clock.now())
    return answer(as_document(await messages.tell(message_id)))


async def _again(context: RequestContext) -> Response:
    message_id = context.request.path_params["message_id"]
    new_id = await context.services.messages.again(context.actor, message_id, context.services.clock.now())
    return answer(NewMessageId(new_id), 201)


#: what a search may be asked by
_ASKED = {
    **dict.fromkeys(("q", *query_params.MESSAGE_FIELDS), "as the console's search takes it"),
    **NEWEST_FIRST,
}

PAGES = (
    Page(
        "/v1/messages",
        _list,
        call=Call(summary="Find messages, newest first", gives=MessageList, query=_ASKED),
    ),
    Page(
        "/v1/messages/{message_id:number}",
        _show,
        call=Call(summary="Tell all about a message", gives=MessageDetail),
    ),
    Page(
        "/v1/messages/{message_id:number}/cancel",
        _cancel,
        Role.OPERATOR,
        ("POST",),
        call=Call(summary="Call a message back that waits", gives=MessageDetail),
    ),
    Page(
        "/v1/messages/{message_id:number}/again",
        _again,
        Role.OPERATOR,
        ("POST",),
        call=Call(
            summary="Send what a message says once more",
            gives=NewMessageId,
            status=201,
        ),
    ),
)
