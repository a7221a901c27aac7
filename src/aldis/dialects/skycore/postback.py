"""Writes Skycore's two notifications: the message was sent, and its delivery receipt. Source: seed 002.

The seed prints code N201 for both and spells the receipt's attributes in lower case; so do we.
"""

from __future__ import annotations

from aldis.clock import as_datetime
from aldis.dialects.markup import xml_text
from aldis.traffic.postback import DuePostback, Notify, PostbackEvent, PostbackRequest
from aldis.traffic.states import State
from aldis.traffic.submission import MessageAsk

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


def notify(_ask: MessageAsk) -> Notify:
    """Tell of both."""
    return Notify.SENT | Notify.ENDED


def write(due: DuePostback, url: str, now: int) -> PostbackRequest:
    """Write one notification in its POSTBACK envelope."""
    created = _timestamp(now)
    if due.event is PostbackEvent.SENT:
        attributes, status = f'ID="{due.postback_id}" CREATED="{created}"', ""
    else:
        protocol, code = STATUSES[due.state]
        attributes = f'id="{due.postback_id}" created="{created}"'
        status = f'<STATUS PROTOCOL="{protocol}" STATUS="{code}"/>'
    body = (
        f"<POSTBACK><NOTIFICATION {attributes}><ORIGIN>SMS_MT</ORIGIN><CODE>N201</CODE><BODY>"
        f"<HISTORYID>{due.message.message_id}</HISTORYID><TO>{xml_text(due.message.recipient)}</TO>"
        f"<TRACKINGID>{xml_text(due.message.reference)}</TRACKINGID>{status}"
        f"<TIMESTAMP>{_timestamp(due.happened_at)}</TIMESTAMP></BODY></NOTIFICATION></POSTBACK>"
    )
    return PostbackRequest("POST", url, (("Content-Type", "text/xml; charset=utf-8"),), body.encode())


def _timestamp(instant: int) -> str:
    """Write an instant as PostgreSQL does, as the seed shows: microseconds and a two-digit zone."""
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S.%f+00")
