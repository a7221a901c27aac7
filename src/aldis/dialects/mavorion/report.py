"""Writes what Mavorion tells of a message, of an account's money and of its use. Source: GatewayAPI's
rest.rst; docs/dialects/mavorion.md says what was chosen where that is silent.
"""

from __future__ import annotations

import base64

import msgspec

from aldis.accounts.price import MICROS
from aldis.dialects.mavorion import postback, sms
from aldis.dialects.mavorion.postback import error_code, status_of
from aldis.sms.encoding import Encoding, decode
from aldis.sms.fitting import from_coding
from aldis.traffic.message import MessageFacts, MessageStatus
from aldis.traffic.query import (
    BalanceFound,
    CarriersFound,
    InboundFound,
    InboundQuery,
    Query,
    StatusFound,
    UsageFound,
)
from aldis.traffic.states import State

PRIORITIES = {int(value): name for name, value in reversed(sms.PRIORITIES.items())}
DESTINATIONS = {value: name for name, value in sms.DESTINATIONS.items()}
ENCODINGS = {Encoding.GSM7: sms.TEXT, Encoding.UCS2: sms.UCS2, Encoding.OCTETS: sms.BINARY}
#: the class whose texts are not shown again
SECRET = "secret"  # noqa: S105 - the name of a class
#: recipients that are written in one call
AT_ONCE = 50

#: what `document` can write
Told = BalanceFound | StatusFound | UsageFound | InboundFound | CarriersFound


def document(query: Query, found: Told) -> object:
    """Give the JSON document of an answer."""
    match found:
        case BalanceFound():
            return {
                "credit": found.available / MICROS,
                "currency": found.currency,
                "id": found.account_id,
            }
        case StatusFound():
            return _status(found.messages)
        case CarriersFound():
            return {
                "currency": found.currency,
                "hlr": {msisdn: _owner(carrier) for msisdn, carrier in found.carriers.items()},
                "lookups": len(found.carriers),
                "total_cost": 0.0,
            }
        case InboundFound():
            return _inbound(query, found)
        case UsageFound():
            return [
                {
                    "amount": row.segments,
                    "cost": row.micros / MICROS,
                    "country": row.country,
                    "currency": found.currency,
                    "label": row.label or None,
                    "messageclass_id": "standard",
                }
                for row in found.rows
            ]


def _owner(carrier: str) -> dict[str, object]:
    """Write whose number it is: what its beginning tells, which is all that is known."""
    named = {"mcc": None, "mnc": None, "name": carrier} if carrier else None
    return {
        "current_carrier": named,
        "network_operator": named,
        "original_carrier": named,
        "ported": None,
        "type": None,
    }


def _inbound(query: Query, found: InboundFound) -> dict[str, object]:
    per_page = query.per_page if isinstance(query, InboundQuery) else 1
    return {
        "messages": [
            {
                "anonymized": False,
                "encoding": None,
                "message": each.text,
                "mosms_id": each.inbound_id,
                "msisdn": postback.as_number(each.sender),
                "receiver": postback.as_number(each.recipient),
                "sender": each.sender,
                "senttime": each.received_at / 1000,
                "webhook": each.keyword or None,
            }
            for each in found.messages
        ],
        "page": query.page if isinstance(query, InboundQuery) else 1,
        "pages": -(-found.in_all // per_page),
        "per_page": per_page,
        "results": found.in_all,
    }


def hides_text(echo: bytes) -> bool:
    """Tell whether a message is of the class whose text is not shown again."""
    try:
        return msgspec.json.decode(echo, type=dict[str, str]).get("class") == SECRET
    except msgspec.DecodeError:  # a row that is damaged can still be looked at
        return False


def _status(messages: tuple[MessageStatus, ...]) -> dict[str, object]:
    """Write one SMS with its recipients; of texts with tags the first recipient's is shown."""
    first = messages[0]
    kept = from_coding(first.coding, first.octets)
    echo = msgspec.json.decode(first.message.echo, type=dict[str, str])
    is_binary = kept.encoded.encoding is Encoding.OCTETS
    header_end = 1 + kept.encoded.octets[0] if is_binary else 0
    header, data = kept.encoded.octets[:header_end], kept.encoded.octets[header_end:]
    is_secret = echo.get("class") == SECRET
    send_at = int(echo.get("sendtime", first.message.accepted_at // 1000))
    is_later = send_at * 1000 > first.message.accepted_at
    return {
        "class": echo.get("class", sms.STANDARD),
        "message": decode(kept.encoded) if not is_binary and not is_secret else None,
        "payload": base64.b64encode(data).decode() if is_binary and not is_secret else None,
        "id": first.message.submission_id,
        "label": first.label or None,
        "recipients": _recipients(messages, is_later=is_later),
        "sender": first.message.sender,
        "sendtime": send_at,
        "tags": [],
        "userref": echo.get("userref"),
        "priority": PRIORITIES[first.priority],
        "validity_period": first.expires_at // 1000 - max(send_at, first.message.accepted_at // 1000),
        "encoding": ENCODINGS[kept.encoded.encoding],
        "destaddr": DESTINATIONS.get(kept.message_class, "MOBILE"),
        "udh": base64.b64encode(header).decode() if header_end > 1 else None,
        "callback_url": first.message.callback_url or None,
    }


def _recipients(messages: tuple[MessageStatus, ...], *, is_later: bool) -> msgspec.Raw:
    """Write recipients a few at a time: to encode ten thousand in one call takes 15 ms, in which nobody else
    has a turn.
    """
    written = [
        msgspec.json.encode([_recipient(each, is_later=is_later) for each in messages[at : at + AT_ONCE]])
        for at in range(0, len(messages), AT_ONCE)
    ]
    return msgspec.Raw(b"[%b]" % b",".join([part[1:-1] for part in written]))


def _recipient(each: MessageStatus, *, is_later: bool) -> dict[str, object]:
    message = each.message
    # a receipt may come before the answer that says it was sent
    happened_at = max(message.ended_at, message.sent_at) or message.accepted_at
    return {
        "country": message.country,
        "csms": message.segments,
        "dsnerror": message.reason or None,
        "dsnerrorcode": error_code(message.reason),
        "dsnstatus": _standing(message, is_later=is_later),
        "dsntime": happened_at / 1000,
        "mcc": None,
        "mnc": None,
        "msisdn": int(message.recipient),
        "senttime": message.sent_at / 1000 if message.sent_at else None,
        "tagvalues": None,
    }


def _standing(message: MessageFacts, *, is_later: bool) -> str:
    """Name where a message stands; what was asked for later and has not been tried is scheduled."""
    if message.state in (State.QUEUED, State.SENDING):
        return "BUFFERED" if message.attempts or not is_later else "SCHEDULED"
    return status_of(message.state, message)
