"""Writes Skycore's notifications: a message was sent, its delivery receipt, a message from a handset.
Source: seed 002; Skycore's later pages for the other two styles, its SMS+MMS MO page.

The seed prints bare notifications, with code N201 for both, and spells the attributes of the receipt in lower
case; so does style `seed`.
"""

from __future__ import annotations

from collections.abc import Sequence

from aldis.accounts.endpoint import Endpoint
from aldis.clock import as_datetime
from aldis.dialects.writing import echo_of, xml_text
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, Notify, PostbackEvent, PostbackRequest
from aldis.traffic.states import State
from aldis.traffic.submission import MessageAsk

#: a bare notification, as the seed prints it, and usual; several in a POSTBACK, as its sibling pages say; the
#: same with codes that tell the events apart; one flat document an event, as later
SEED, ENVELOPE, CODES, FLAT = STYLES = ("seed", "envelope", "codes", "flat")
#: notifications in one POSTBACK, as many as are read at once (the provider says up to 300)
BUNDLES = {ENVELOPE: 128, CODES: 128}

#: state → (PROTOCOL, STATUS): 4/0 is the seed's success; protocol 3 says 2 for a failed delivery, 16 for a
#: refusal
STATUSES = {
    State.DELIVERED: (4, 0),
    State.UNDELIVERED: (3, 2),
    State.EXPIRED: (3, 2),
    State.DELETED: (3, 2),
    State.UNCONFIRMED: (3, 4),
    State.REJECTED: (3, 16),
    State.FAILED: (3, 16),
}

#: how the flat style says what a carrier reported of a message that it had taken
REPORTS = {
    State.DELIVERED: "Message Sent/Delivered",
    State.EXPIRED: "Message Sent/Expired",
    State.REJECTED: "Message Sent/Rejected",
}


def notify(_ask: MessageAsk) -> Notify:
    """Tell of both."""
    return Notify.SENT | Notify.ENDED


def write(dues: Sequence[DuePostback], endpoint: Endpoint, now: int) -> PostbackRequest:
    """Write notifications in their POSTBACK envelope, or the only one without."""
    if endpoint.style == FLAT:
        body = _flat(*dues)
    else:
        body = _wrapped("".join([_notification(due, endpoint.style, now) for due in dues]), endpoint)
    return _posted(endpoint, body)


def write_inbound(due: DueInbound, endpoint: Endpoint, now: int) -> PostbackRequest:
    """Write a message from a handset as reports are written: N211, whose KEYWORD is the text; N401 for a
    multimedia message, of which only the text is told.
    """
    inbound = due.inbound
    numbers = f"<FROM>{xml_text(inbound.sender)}</FROM><TO>{xml_text(inbound.recipient)}</TO>"
    origin, code = ("MMS_MO", "N401") if inbound.parts else ("SMS_MO", "N211")
    head, text = f"<ORIGIN>{origin}</ORIGIN><CODE>{code}</CODE>", xml_text(inbound.text)
    if endpoint.style == FLAT:
        received = as_datetime(inbound.received_at).isoformat(timespec="seconds")
        body = (
            f"<?xml version='1.0'?><POSTBACK>{head}{numbers}<TEXT>{text}</TEXT>"
            f"<RECEIVED>{received}</RECEIVED>"
            f"<TRANSACTIONID>{inbound.inbound_id}</TRANSACTIONID></POSTBACK>"
        )
    else:
        attributes = f'id="{due.postback_id}" created="{_timestamp(now)}"'
        received = _timestamp(inbound.received_at)
        notification = (
            f"<NOTIFICATION {attributes}>{head}<BODY>{numbers}<KEYWORD>{text}</KEYWORD>"
            f"<RECEIVED>{received}</RECEIVED></BODY></NOTIFICATION>"
        )
        body = _wrapped(notification, endpoint)
    return _posted(endpoint, body)


def _wrapped(notifications: str, endpoint: Endpoint) -> str:
    """Put notifications into their envelope, in the styles that have one."""
    return f"<POSTBACK>{notifications}</POSTBACK>" if endpoint.style in BUNDLES else notifications


def _posted(endpoint: Endpoint, body: str) -> PostbackRequest:
    """Make the request of an XML document."""
    return PostbackRequest(
        "POST", endpoint.url, (("Content-Type", "text/xml; charset=utf-8"),), body.encode()
    )


def _notification(due: DuePostback, style: str, now: int) -> str:
    created = _timestamp(now)
    if due.event is PostbackEvent.SENT:
        attributes, status = f'ID="{due.postback_id}" CREATED="{created}"', ""
    else:
        protocol, code = STATUSES[due.state]
        attributes = f'id="{due.postback_id}" created="{created}"'
        status = f'<STATUS PROTOCOL="{protocol}" STATUS="{code}"/>'
    event = _code(due) if style == CODES else "N201"
    return (
        f"<NOTIFICATION {attributes}><ORIGIN>SMS_MT</ORIGIN><CODE>{event}</CODE><BODY>"
        f"<HISTORYID>{due.message.message_id}</HISTORYID><TO>{xml_text(due.message.recipient)}</TO>"
        f"<TRACKINGID>{xml_text(due.message.reference)}</TRACKINGID>{status}"
        f"<TIMESTAMP>{_timestamp(due.happened_at)}</TIMESTAMP></BODY></NOTIFICATION>"
    )


def _flat(due: DuePostback) -> str:
    if due.event is PostbackEvent.SENT:
        status = "Message Sent"
    elif not due.message.sent_at:
        status = "Message Failed"
    else:
        status = REPORTS.get(due.state, "Message Sent/Failed")
    echo = echo_of(due.message.echo)
    details = f"<STATUSDETAILS>{xml_text(due.error_code)}</STATUSDETAILS>" if due.error_code else ""
    return (
        f"<?xml version='1.0'?><POSTBACK><ORIGIN>SMS_MT</ORIGIN><CODE>{_code(due)}</CODE>"
        f"<STATUS>{status}</STATUS>{details}<FROM>{xml_text(due.message.sender)}</FROM><FROM_MASK></FROM_MASK>"
        f"<TO>{xml_text(due.message.recipient)}</TO><TRACKINGID>{xml_text(due.message.reference)}</TRACKINGID>"
        f"<SPID>{xml_text(echo.get('spid', ''))}</SPID>"
        f"<TIMESTAMP>{as_datetime(due.happened_at).isoformat(timespec='seconds')}</TIMESTAMP></POSTBACK>"
    )


def _code(due: DuePostback) -> str:
    """Tell the events apart: sent and not sent, then delivered and not delivered."""
    if due.event is PostbackEvent.SENT:
        return "N201"
    if not due.message.sent_at:
        return "E201"
    return "N202" if due.state is State.DELIVERED else "E202"


def _timestamp(instant: int) -> str:
    """Write an instant as PostgreSQL does, as the seed shows: microseconds and a two-digit zone."""
    return as_datetime(instant).isoformat(" ", "microseconds").removesuffix(":00")
