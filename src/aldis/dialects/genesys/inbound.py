"""Writes a message from a handset as Genesys does: a form POST. Source: Genesys' ReceiveMO;
docs/dialects/genesys.md.
"""

from __future__ import annotations

from urllib.parse import urlencode

from aldis.accounts.endpoint import Endpoint
from aldis.dialects.genesys import attachments
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import PostbackRequest


def write(due: DueInbound, endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write it; the message_id is the same each time it is tried."""
    values = {
        "type": "MO",
        "message_id": str(due.inbound.inbound_id),
        "shortcode": due.inbound.recipient,
        "phone_number": due.inbound.sender,
        "carrier": due.inbound.carrier,
        "message": due.inbound.text,
    }
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    body = urlencode(values, errors="replace") + attachments.write(due.attachments)
    return PostbackRequest("POST", endpoint.url, headers, body.encode())
