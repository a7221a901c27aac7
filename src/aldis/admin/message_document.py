"""A message as a document for programs: named fields, instants in ISO 8601, money in decimals."""

from __future__ import annotations

from typing import Any

import msgspec

from aldis.accounts.price import from_micros
from aldis.admin.messages import Messages, Told
from aldis.admin.routing import Explanation
from aldis.admin.timeline import WrittenText
from aldis.admin.wire import ShownSubmit
from aldis.clock import iso_or_none
from aldis.store.contract.outbox import PostbackRow, PostbackTry
from aldis.store.contract.search import FoundMessage
from aldis.traffic.message import MessageFacts, SegmentFacts

_ECHO = msgspec.json.Decoder(dict[str, Any])


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
    #: what its customer wants back
    echo: dict[str, Any]


class AttachmentRecord(msgspec.Struct, frozen=True):
    """An attachment; its octets are kept apart, by their digest."""

    content_type: str
    octets: int
    #: SHA-256 in hexadecimal
    digest: str


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
    #: null when it is done or a dead letter
    due_at: str | None
    done: bool
    failed_tries: list[TryRecord] = []


class MessageDetail(msgspec.Struct, frozen=True):
    """A message with all that can be said of it."""

    message: MessageRecord
    currency: str
    priority: int
    due_at: str | None
    expires_at: str | None
    written: WrittenText
    #: of a multimedia message
    attachments: list[AttachmentRecord]
    submits: tuple[ShownSubmit, ...]
    segments: list[SegmentRecord]
    route: Explanation
    postbacks: list[PostbackRecord]
    events: list[EventRecord]


def postback_record(row: PostbackRow, tries: tuple[PostbackTry, ...] = ()) -> PostbackRecord:
    """Write a postback."""
    return PostbackRecord(
        row.postback_id,
        row.message_id,
        row.lane,
        row.event,
        row.state,
        iso_or_none(row.happened_at),
        row.attempts,
        iso_or_none(row.last_tried_at),
        row.last_http_status,
        row.last_fault,
        iso_or_none(row.due_at),
        row.done,
        [TryRecord(iso_or_none(each.tried_at), each.http_status, each.fault) for each in tries],
    )


def as_record(messages: Messages, found: FoundMessage) -> MessageRecord:
    """Write a message as lists have it."""
    return _record(messages.account_name(found.message.account_id), found.message, found.label)


def _record(account: str, message: MessageFacts, label: str) -> MessageRecord:
    return MessageRecord(
        message.message_id,
        message.submission_id,
        account,
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
        iso_or_none(message.accepted_at),
        iso_or_none(message.sent_at),
        iso_or_none(message.ended_at),
        _ECHO.decode(message.echo),
    )


def _segment(segment: SegmentFacts) -> SegmentRecord:
    return SegmentRecord(
        segment.number,
        segment.smsc_message_id,
        iso_or_none(segment.submitted_at),
        segment.state,
        segment.error_code,
        iso_or_none(segment.receipt_at),
    )


def as_document(told: Told) -> MessageDetail:
    """Write all that can be said of a message: the command line and the admin API give the same."""
    view = told.view
    return MessageDetail(
        _record(told.account, view.message, view.accepted.label),
        told.currency,
        view.accepted.priority,
        iso_or_none(view.accepted.due_at),
        iso_or_none(view.accepted.expires_at),
        told.written,
        [AttachmentRecord(part.content_type, part.octets, part.digest) for part in view.parts],
        told.submits,
        [_segment(segment) for segment in view.segments],
        told.route,
        [postback_record(each, view.tries.get(each.postback_id, ())) for each in view.postbacks],
        [EventRecord(iso_or_none(event.at), event.text) for event in told.events],
    )
