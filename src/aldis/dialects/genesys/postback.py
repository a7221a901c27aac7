"""Writes the Genesys delivery receipt, and a message from a handset (ReceiveMO): form POSTs. Source:
docs/dialects/genesys.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from aldis.accounts.endpoint import Endpoint
from aldis.dialects.genesys import attachments
from aldis.dialects.writing import echo_of, quoted
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, Notify, PostbackRequest
from aldis.traffic.states import State
from aldis.traffic.submission import MessageAsk

#: state → (message_state, result_code)
CODES = {
    State.DELIVERED: (2, 0),
    State.EXPIRED: (3, 99),
    State.DELETED: (4, 99),
    State.UNDELIVERED: (5, 99),
    State.FAILED: (5, 98),
    State.UNCONFIRMED: (7, 99),
    State.REJECTED: (8, 1),
}

#: what a carrier said of a message that it did not take → result_code
REASONS = {
    "ESME_RINVSRCADR": 5,
    "ESME_RINVSRCTON": 5,
    "ESME_RINVSRCNPI": 5,
    "ESME_RTHROTTLED": 6,
    "ESME_RMSGQFUL": 6,
    "ESME_RINVMSGLEN": 8,
    "MM7 4006 Service unavailable": 6,
    "content too large for this link": 8,
}

_HEADERS = (("Content-Type", "application/x-www-form-urlencoded"),)


def notify(ask: MessageAsk) -> Notify:
    """Report how a message ended, if the customer asked for that."""
    return Notify.ENDED if ask.wants_receipt else Notify.NOTHING


def write(dues: Sequence[DuePostback], endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write the receipt, with whatever the customer wanted echoed."""
    (due,) = dues
    message_state, result_code = CODES[due.state]
    if due.state in (State.REJECTED, State.FAILED):
        result_code = REASONS.get(due.error_code, result_code)
    form = (
        f"type=receipt&message_id={quoted(due.message.reference)}"
        f"&message_state={message_state}&result_code={result_code}"
    )
    for name, value in echo_of(due.message.echo).items():
        form += f"&{quoted(name)}={quoted(value)}"
    return PostbackRequest("POST", endpoint.url, _HEADERS, form.encode())


def write_inbound(due: DueInbound, endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write a message from a handset; the message_id is the same each time it is tried."""
    values = {
        "type": "MO",
        "message_id": str(due.inbound.inbound_id),
        "shortcode": due.inbound.recipient,
        "phone_number": due.inbound.sender,
        "carrier": due.inbound.carrier,
        "message": due.inbound.text,
    }
    body = urlencode(values, errors="replace") + attachments.write(due.attachments)
    return PostbackRequest("POST", endpoint.url, _HEADERS, body.encode())
