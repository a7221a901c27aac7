"""Writes a message from a handset as GatewayAPI does: JSON, signed where the account has a secret. Source:
GatewayAPI's rest.rst (MO SMS).
"""

from __future__ import annotations

from aldis.accounts.endpoint import Endpoint
from aldis.accounts.numbering import Numbering, calling_code, read_number
from aldis.dialects.mavorion import signature
from aldis.sms.address import is_digits
from aldis.traffic.inbound import DueInbound, InboundFacts
from aldis.traffic.postback import PostbackRequest


def write(due: DueInbound, endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write it, with every key that was seen in the wild, null where there is nothing."""
    return signature.callback(document(due.inbound), endpoint)


def document(inbound: InboundFacts) -> dict[str, object]:
    """Give the keys of a message."""
    number = read_number(inbound.sender, Numbering.INTERNATIONAL, "")
    country = number.country if number else None
    return {
        "id": inbound.inbound_id,
        "msisdn": as_number(inbound.sender),
        "receiver": as_number(inbound.recipient),
        "message": inbound.text,
        "senttime": inbound.received_at // 1000,
        "webhook_label": inbound.keyword,
        "sender": None,
        "mcc": None,
        "mnc": None,
        "validity_period": None,
        "encoding": None,
        "udh": None,
        "payload": None,
        "country_code": country,
        "country_prefix": calling_code(country) if country else None,
    }


def as_number(address: str) -> int | str:
    """Give an address as the number that clients expect, and as it is where it is none."""
    return int(address) if is_digits(address) else address
