"""From our records to MM7's and back, as one link's settings have it. Pure.

Source: 3GPP TS 23.140 §8.7.
"""

from __future__ import annotations

from collections.abc import Callable

from aldis.clock import as_datetime
from aldis.links.mm7.entry import Mm7Entry
from aldis.links.mm7.verdicts import known_as
from aldis.mms.composing import taken_apart
from aldis.mms.mm7 import DeliverReq, DeliveryReportReq, SubmitReq
from aldis.mms.parts import Part
from aldis.sms.address import NumberType
from aldis.stages.sending.upstream import Outbound
from aldis.traffic.content import Attachment
from aldis.traffic.inbound import InboundMms
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.submission import Priority

#: what a status of the MMSC means for us; those that say nothing final leave the message under way. The last
#: five are vendors'. Source: 3GPP TS 23.140 §8.7.3
STATES = {
    "retrieved": ReceiptState.DELIVERED,
    "expired": ReceiptState.EXPIRED,
    "rejected": ReceiptState.REJECTED,
    "unreachable": ReceiptState.UNDELIVERED,
    "unrecognised": ReceiptState.UNDELIVERED,
    "unrecognized": ReceiptState.UNDELIVERED,
    "deferred": ReceiptState.ENROUTE,
    "forwarded": ReceiptState.ENROUTE,
    "indeterminate": ReceiptState.ENROUTE,
    "delivered": ReceiptState.DELIVERED,
    "undelivered": ReceiptState.UNDELIVERED,
    "undeliverable": ReceiptState.UNDELIVERED,
    "failed": ReceiptState.UNDELIVERED,
    "deleted": ReceiptState.DELETED,
}

#: letters of a status that is told to operators
MAX_WORD = 40

PRIORITIES = {
    Priority.BULK_LOW: "Low",
    Priority.BULK: "Normal",
    Priority.INTERACTIVE_LOW: "Normal",
    Priority.INTERACTIVE: "High",
}


def to_submit(message: Outbound, content: Part, entry: Mm7Entry, now: int) -> SubmitReq:
    """Write a message. Each attempt is a transaction of its own."""
    return SubmitReq(
        transaction_id=f"{message.message_id}-{now}",
        vasp_id=entry.vasp_id,
        vas_id=entry.vas_id,
        service_code=entry.service_code,
        sender=message.sender,
        recipient=message.recipient,
        sent_at=as_datetime(now),
        expires_at=as_datetime(message.expires_at),
        priority=PRIORITIES[Priority(message.priority)],
        content=content,
    )


def to_receipt(report: DeliveryReportReq, link: str, now: int, note: Callable[[str], None]) -> Receipt:
    """Read a report. `note`: is told of a status that nobody knows, and that ends nothing."""
    state = STATES.get(report.mm_status.lower())
    if state is None:
        note(report.mm_status[:MAX_WORD])
        state = ReceiptState.ENROUTE
    is_good = state is ReceiptState.DELIVERED
    return Receipt(
        link, known_as(report.message_id), state, "" if is_good else report.mm_status, report.recipient, now
    )


def to_inbound(letter: DeliverReq, link: str, now: int) -> list[InboundMms]:
    """Read what a handset sent, once for each of our numbers that it names. Raises BrokenMime."""
    text, media = taken_apart(letter.content) if letter.content is not None else ("", [])
    attachments = tuple(Attachment(part.content_type, part.octets) for part in media)
    sender, sender_type = _read_address(letter.sender)
    return [
        InboundMms(
            link=link,
            sender=sender,
            sender_type=sender_type,
            recipient=recipient,
            recipient_type=recipient_type,
            text=text or letter.subject,
            attachments=attachments,
            transaction_id=letter.transaction_id,
            received_at=now,
        )
        for recipient, recipient_type in map(_read_address, letter.recipients)
    ]


def _read_address(address: str) -> tuple[str, NumberType]:
    """Give the digits of an address: a plus says that they have a country code, nothing says so of others.
    Source: 3GPP TS 23.140 §8.7.1.
    """
    is_international = address.startswith("+")
    return address.removeprefix("+"), NumberType.INTERNATIONAL if is_international else NumberType.UNKNOWN
