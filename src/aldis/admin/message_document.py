"""A message as a document for programs: named fields, instants in ISO 8601, money in decimals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from aldis.accounts.price import from_micros
from aldis.admin.messages import Messages, Told
from aldis.admin.routing import Explanation
from aldis.admin.timeline import WrittenText
from aldis.admin.wire import ShownSubmit
from aldis.clock import iso_or_none
from aldis.store.contract.outbox import PostbackRow, PostbackTry
from aldis.store.contract.search import FoundMessage
from aldis.traffic.message import MessageFacts

Record = TypeVar("Record", bound=msgspec.Struct)

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
    #: the beginning of what the endpoint said
    answer: str


class PostbackRecord(msgspec.Struct, frozen=True):
    """A postback."""

    postback_id: int
    message_id: int
    #: scheme, host and port
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
    #: while it is queued: what for, in sentences
    waits_for: list[str] = []


def _record(kind: type[Record], facts: object, **others: object) -> Record:
    """Make a record of facts: their fields of the same names, instants (`…_at`) as ISO 8601."""
    found: dict[str, Any] = {
        name: getattr(facts, name) for name in kind.__struct_fields__ if name not in others
    }
    written = {name: iso_or_none(value) if name.endswith("_at") else value for name, value in found.items()}
    return kind(**written, **others)


def try_record(each: PostbackTry) -> TryRecord:
    """Write a try."""
    return _record(TryRecord, each)


def postback_record(row: PostbackRow, tries: tuple[PostbackTry, ...] = ()) -> PostbackRecord:
    """Write a postback."""
    return _record(PostbackRecord, row, failed_tries=[try_record(each) for each in tries if each.fault])


def as_record(messages: Messages, found: FoundMessage) -> MessageRecord:
    """Write a message as lists have it."""
    return _message(messages.account_name(found.message.account_id), found.message, found.label)


def _message(account: str, message: MessageFacts, label: str) -> MessageRecord:
    return _record(
        MessageRecord,
        message,
        account=account,
        label=label,
        price=from_micros(message.price_micros * message.segments),
        echo=_ECHO.decode(message.echo),
    )


def as_document(told: Told, waits_for: Sequence[str] = ()) -> MessageDetail:
    """Write all that can be said of a message: the command line and the admin API give the same."""
    view = told.view
    return MessageDetail(
        _message(told.account, view.message, view.accepted.label),
        told.currency,
        view.accepted.priority,
        iso_or_none(view.accepted.due_at),
        iso_or_none(view.accepted.expires_at),
        told.written,
        [_record(AttachmentRecord, part) for part in view.parts],
        told.submits,
        [_record(SegmentRecord, segment) for segment in view.segments],
        told.route,
        [postback_record(each, view.tries.get(each.postback_id, ())) for each in view.postbacks],
        [EventRecord(iso_or_none(event.at), event.text) for event in told.events],
        list(waits_for),
    )
