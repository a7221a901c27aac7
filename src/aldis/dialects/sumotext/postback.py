"""Writes SUMOTEXT's delivery report, three query parameters, and a message from a handset, a GET. Source:
docs/dialects/sumotext.md; SUMOTEXT's legacy page of mobile-originated messages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from aldis.accounts.endpoint import Endpoint
from aldis.dialects.writing import quoted
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, Notify, PostbackRequest
from aldis.traffic.states import State
from aldis.traffic.submission import MessageAsk

#: the method of a report: its documentation says post, its examples are addresses to fetch
POST, GET = STYLES = ("post", "get")

DELIVERED, FAILED = 4, 5

#: numbers of the North American plan, which this dialect writes without their country code
_LOCAL = re.compile(r"^1(\d{10})$")

#: SUMOTEXT knows two codes; the texts are in the manner of its older report page
DESCRIPTIONS = {
    State.DELIVERED: "Delivered to handset",
    State.UNDELIVERED: "Not Delivered",
    State.EXPIRED: "EXPIRED",
    State.REJECTED: "Not Delivered (Rejected)",
    State.DELETED: "Not Delivered (Deleted)",
    State.FAILED: "FAILED",
    State.UNCONFIRMED: "Not Delivered (No Information)",
}


def notify(_ask: MessageAsk) -> Notify:
    """Report how each message ended, and nothing before."""
    return Notify.ENDED


def write(dues: Sequence[DuePostback], endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write the report."""
    (due,) = dues
    code = DELIVERED if due.state is State.DELIVERED else FAILED
    description = DESCRIPTIONS[due.state]
    if due.error_code and code == FAILED:
        description += f" {due.error_code}"
    query = f"sumoid={quoted(due.message.reference)}&mtcode={code}&mtdescription={quoted(description)}"
    url = _asked(endpoint, query)
    if endpoint.style == GET:
        return PostbackRequest("GET", url)
    return PostbackRequest("POST", url, (("Content-Length", "0"),))


def write_inbound(due: DueInbound, endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write a message from a handset, as the older API does."""
    local = _LOCAL.match(due.inbound.sender)
    values = {
        "mobile": local[1] if local else due.inbound.sender,
        "carrier": due.inbound.carrier,
        "smsid": str(due.inbound.inbound_id),
        "shortcode": due.inbound.recipient,
        "key": due.inbound.keyword,
        "msg": due.inbound.text,
    }
    return PostbackRequest("GET", _asked(endpoint, urlencode(values, errors="replace")))


def _asked(endpoint: Endpoint, query: str) -> str:
    """Give the endpoint's address with parameters; they join whatever query it has already."""
    return endpoint.url + ("&" if "?" in endpoint.url else "?") + query
