"""Writes a message from a handset as SUMOTEXT's older API does: parameters of a GET. Source: SUMOTEXT's
legacy page of mobile-originated messages; docs/dialects/sumotext.md.
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from aldis.accounts.endpoint import Endpoint
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import PostbackRequest

#: numbers of the North American plan, which this dialect writes without their country code
_LOCAL = re.compile(r"^1(\d{10})$")


def write(due: DueInbound, endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write it; the parameters join whatever query the address has already."""
    local = _LOCAL.match(due.inbound.sender)
    values = {
        "mobile": local[1] if local else due.inbound.sender,
        "carrier": due.inbound.carrier,
        "smsid": str(due.inbound.inbound_id),
        "shortcode": due.inbound.recipient,
        "key": due.inbound.keyword,
        "msg": due.inbound.text,
    }
    joint = "&" if "?" in endpoint.url else "?"
    return PostbackRequest("GET", endpoint.url + joint + urlencode(values, errors="replace"))
