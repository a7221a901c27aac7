"""Writes a message from a handset as Skycore does: a notification N211, whose KEYWORD is the text; N401 for
a multimedia message, of which only the text is told. Source:
Skycore's SMS+MMS MO page; docs/dialects/skycore.md.
"""

from __future__ import annotations

from aldis.accounts.endpoint import Endpoint
from aldis.clock import as_datetime
from aldis.dialects.skycore.postback import FLAT, posted, timestamp
from aldis.dialects.writing import xml_text
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import PostbackRequest


def write(due: DueInbound, endpoint: Endpoint, now: int) -> PostbackRequest:
    """Write it in its POSTBACK envelope, or flat."""
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
        attributes = f'id="{due.postback_id}" created="{timestamp(now)}"'
        received = timestamp(inbound.received_at)
        body = (
            f"<POSTBACK><NOTIFICATION {attributes}>{head}<BODY>{numbers}<KEYWORD>{text}</KEYWORD>"
            f"<RECEIVED>{received}</RECEIVED></BODY></NOTIFICATION></POSTBACK>"
        )
    return posted(endpoint, body)
