"""Writes SUMOTEXT's delivery report: three query parameters. Source: docs/dialects/sumotext.md."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.accounts.endpoint import Endpoint
from aldis.dialects.writing import quoted
from aldis.traffic.postback import DuePostback, Notify, PostbackRequest
from aldis.traffic.states import State
from aldis.traffic.submission import MessageAsk

#: the method of a report: its documentation says post, its examples are addresses to fetch
POST, GET = STYLES = ("post", "get")

DELIVERED, FAILED = 4, 5

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
    """Write the report; the parameters join whatever query the address has already."""
    (due,) = dues
    code = DELIVERED if due.state is State.DELIVERED else FAILED
    description = DESCRIPTIONS[due.state]
    if due.error_code and code == FAILED:
        description += f" {due.error_code}"
    query = f"sumoid={quoted(due.message.reference)}&mtcode={code}&mtdescription={quoted(description)}"
    url = endpoint.url + ("&" if "?" in endpoint.url else "?") + query
    if endpoint.style == GET:
        return PostbackRequest("GET", url)
    return PostbackRequest("POST", url, (("Content-Length", "0"),))
