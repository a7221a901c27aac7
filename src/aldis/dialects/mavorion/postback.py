"""Writes Mavorion's status callbacks: JSON with every key present, null where there is nothing. Source:
GatewayAPI's rest.rst.
"""

from __future__ import annotations

import msgspec

from aldis.traffic.postback import DuePostback, Notify, PostbackRequest
from aldis.traffic.states import State
from aldis.traffic.submission import MessageAsk

STATUSES = {
    State.SENT: "ENROUTE",
    State.DELIVERED: "DELIVERED",
    State.UNDELIVERED: "UNDELIVERABLE",
    State.FAILED: "UNDELIVERABLE",
    State.EXPIRED: "EXPIRED",
    State.REJECTED: "REJECTED",
    State.DELETED: "DELETED",
    # the carrier took it and never told how it ended
    State.UNCONFIRMED: "ACCEPTED",
}


def notify(_ask: MessageAsk) -> Notify:
    """Tell of each change."""
    return Notify.SENT | Notify.ENDED


def write(due: DuePostback, url: str, _now: int) -> PostbackRequest:
    """Write one status callback."""
    echo = msgspec.json.decode(due.message.echo, type=dict[str, str])
    document = {
        "id": due.message.submission_id,
        "msisdn": int(due.message.recipient),
        "time": due.happened_at // 1000,
        "status": STATUSES[due.state],
        "error": due.error_code or None,
        "code": None,
        "userref": echo.get("userref"),
        "callback_url": due.message.callback_url or None,
        "api": 4,
    }
    return PostbackRequest(
        "POST", url, (("Content-Type", "application/json"),), msgspec.json.encode(document)
    )
