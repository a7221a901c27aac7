"""Writes webhooks: what became of a message, and what a handset wrote. Source: Standard Webhooks 1.0.0
(standard-webhooks/spec, "Payload structure").
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aldis.accounts.endpoint import Endpoint
from aldis.accounts.price import from_micros
from aldis.clock import as_iso
from aldis.dialects.signing import signature_headers
from aldis.dialects.writing import echo_of
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, Notify, PostbackRequest
from aldis.traffic.submission import MessageAsk


def notify(ask: MessageAsk) -> Notify:
    """Tell what was asked for."""
    if not ask.wants_receipt:
        return Notify.NOTHING
    return Notify.SENT | Notify.ENDED if ask.echo.get("receipts") == "all" else Notify.ENDED


def write(dues: Sequence[DuePostback], endpoint: Endpoint, now: int) -> PostbackRequest:
    """Write what became of a message."""
    (due,) = dues
    message = due.message
    echo = echo_of(message.echo)
    data: dict[str, object] = {
        "id": message.reference,
        "message_id": str(message.message_id),
        "to": message.recipient,
        "from": message.sender,
        "country": message.country,
        "status": due.state.value,
        "error": due.error_code,
        "segments": message.segments,
        "price": from_micros(message.price_micros * message.segments),
        "reference": echo.get("reference", ""),
    }
    body = _body(f"message.{due.state.value}", due.happened_at, data)
    return _signed(due.postback_id, body, endpoint, now)


def write_inbound(due: DueInbound, endpoint: Endpoint, now: int) -> PostbackRequest:
    """Write what a handset wrote."""
    inbound = due.inbound
    data: dict[str, object] = {
        "id": str(inbound.inbound_id),
        "from": inbound.sender,
        "to": inbound.recipient,
        "text": inbound.text,
        "keyword": inbound.keyword,
        "segments": inbound.segments,
    }
    return _signed(due.postback_id, _body("inbound.received", inbound.received_at, data), endpoint, now)


def _body(kind: str, happened_at: int, data: dict[str, object]) -> bytes:
    return msgspec.json.encode({"type": kind, "timestamp": as_iso(happened_at), "data": data})


def _signed(postback_id: int, body: bytes, endpoint: Endpoint, now: int) -> PostbackRequest:
    headers = signature_headers(f"msg_{postback_id}", now, body, endpoint.secret)
    return PostbackRequest("POST", endpoint.url, (("Content-Type", "application/json"), *headers), body)
