"""/v1/messages: searching, reading, calling back and sending again. Sending is elsewhere."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.price import from_micros
from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.messages import Messages, Told
from aldis.admin.routing import Explanation
from aldis.admin.timeline import Written
from aldis.admin.wire import ShownSubmit
from aldis.console.api.documents import NEWEST_FIRST, answer, instant, limit_of, number_of
from aldis.console.page import Call, Page, RequestContext
from aldis.store.contract.outbox import PostbackRow, PostbackTry
from aldis.traffic.message import MessageFacts, SegmentFacts


class MessageRecord(msgspec.Struct, frozen=True):
    """A message."""

    message_id: int
    submission_id: int
    account: str
    dialect: str
    reference: str
    link: str
    sender: str
    recipient: str
    country: str
    label: str
    state: str
    #: the carrier's error code or ours; "" when all went well
    reason: str
    segments: int
    #: of all segments, in the account's currency
    price: str
    attempts: int
    accepted_at: str | None
    sent_at: str | None
    ended_at: str | None


class MessageList(msgspec.Struct, frozen=True):
    """A page of messages, newest first."""

    messages: list[MessageRecord]
    next: int | None
    #: how far back was looked, where this page has looked at enough
    looked_back_to: str | None


class EventRecord(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: str | None
    text: str


class SegmentRecord(msgspec.Struct, frozen=True):
    """A segment that the carrier took, and its receipt."""

    number: int
    smsc_message_id: str
    submitted_at: str | None
    state: str
    error_code: str
    receipt_at: str | None


class TryRecord(msgspec.Struct, frozen=True):
    """A try at a postback that failed."""

    tried_at: str | None
    http_status: int | None
    fault: str


class PostbackRecord(msgspec.Struct, frozen=True):
    """A postback."""

    postback_id: int
    message_id: int
    lane: str
    event: str
    state: str
    happened_at: str | None
    attempts: int
    last_tried_at: str | None
    last_http_status: int | None
    last_fault: str
    #: null when it is done or given up
    due_at: str | None
    done: bool
    failed_tries: list[TryRecord] = []


class MessageDetail(msgspec.Struct, frozen=True):
    """A message with all that can be said of it."""

    message: MessageRecord
    currency: str
    due_at: str | None
    expires_at: str | None
    written: Written
    submits: tuple[ShownSubmit, ...]
    segments: list[SegmentRecord]
    route: Explanation
    postbacks: list[PostbackRecord]
    events: list[EventRecord]


class NewMessageId(msgspec.Struct, frozen=True):
    """The message that was sent again."""

    message_id: int


def postback_record(row: PostbackRow, tries: tuple[PostbackTry, ...] = ()) -> PostbackRecord:
    """Write a postback."""
    return PostbackRecord(
        row.postback_id,
        row.message_id,
        row.lane,
        row.event,
        row.state,
        instant(row.happened_at),
        row.attempts,
        instant(row.last_tried_at),
        row.last_http_status,
        row.last_fault,
        instant(row.due_at),
        row.done,
        [TryRecord(instant(each.tried_at), each.http_status, each.fault) for each in tries],
    )


def _record(messages: Messages, message: MessageFacts, label: str) -> MessageRecord:
    return MessageRecord(
        message.message_id,
        message.submission_id,
        messages.account_name(message.account_id),
        message.dialect,
        message.reference,
        message.link,
        message.sender,
        message.recipient,
        message.country,
        label,
        message.state,
        message.reason,
        message.segments,
        from_micros(message.price_micros * message.segments),
        message.attempts,
        instant(message.accepted_at),
        instant(message.sent_at),
        instant(message.ended_at),
    )


def _segment(segment: SegmentFacts) -> SegmentRecord:
    return SegmentRecord(
        segment.number,
        segment.smsc_message_id,
        instant(segment.submitted_at),
        segment.state,
        segment.error_code,
        instant(segment.receipt_at),
    )


def _detail(messages: Messages, told: Told) -> MessageDetail:
    view = told.view
    return MessageDetail(
        _record(messages, view.message, view.accepted.label),
        told.currency,
        instant(view.accepted.due_at),
        instant(view.accepted.expires_at),
        told.written,
        told.submits,
        [_segment(segment) for segment in view.segments],
        told.route,
        [postback_record(each, view.tries.get(each.postback_id, ())) for each in view.postbacks],
        [EventRecord(instant(event.at), event.text) for event in told.events],
    )


async def _list(context: RequestContext) -> Response:
    services, given = context.services, context.request.query_params
    wanted = query_params.messages_wanted(given, services.messages.directory, services.clock.now())
    wanted = await services.messages.guess(context.query("q"), wanted)
    page = await services.messages.search(wanted, number_of(context, "before"), limit_of(context))
    found = [_record(services.messages, each.message, each.label) for each in page.found]
    return answer(MessageList(found, page.next_before or None, instant(page.looked_back_to)))


async def _show(context: RequestContext) -> Response:
    messages = context.services.messages
    return answer(_detail(messages, await messages.tell(context.request.path_params["message_id"])))


async def _cancel(context: RequestContext) -> Response:
    messages, message_id = context.services.messages, context.request.path_params["message_id"]
    await messages.cancel(context.actor, message_id, context.services.clock.now())
    return answer(_detail(messages, await messages.tell(message_id)))


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
