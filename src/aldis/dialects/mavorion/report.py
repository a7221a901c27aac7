"""Writes what Mavorion tells of a message, of an account's money and of its use. Source: GatewayAPI's
rest.rst; docs/dialects/mavorion.md says what was chosen where that is silent.
"""

from __future__ import annotations

import base64

import msgspec

from aldis.accounts.price import MICROS
from aldis.dialects.mavorion import sms
from aldis.dialects.mavorion.postback import STATUSES, error_code
from aldis.sms.encoding import Encoding, decode
from aldis.sms.fitting import from_coding
from aldis.traffic.enquiry import BalanceFound, StatusFound, UsageFound
from aldis.traffic.message import MessageStatus
from aldis.traffic.states import State

PRIORITIES = {int(value): name for name, value in reversed(sms.PRIORITIES.items())}
DESTINATIONS = {value: name for name, value in sms.DESTINATIONS.items()}
ENCODINGS = {Encoding.GSM7: sms.TEXT, Encoding.UCS2: sms.UCS2, Encoding.OCTETS: sms.BINARY}
#: the class whose texts are not shown again
SECRET = "secret"  # noqa: S105 - the name of a class


def document(found: BalanceFound | StatusFound | UsageFound) -> object:
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


def _status(messages: tuple[MessageStatus, ...]) -> dict[str, object]:
    """Write one SMS with its recipients; of texts with tags the first recipient's is shown."""
    first = messages[0]
    kept = from_coding(first.coding, first.octets)
    echo = msgspec.json.decode(first.message.echo, type=dict[str, str])
    is_binary = kept.encoded.encoding is Encoding.OCTETS
    header_end = 1 + kept.encoded.octets[0] if is_binary else 0
    header, data = kept.encoded.octets[:header_end], kept.encoded.octets[header_end:]
    is_shown = not is_binary and echo.get("class") != SECRET
    return {
        "class": echo.get("class", "standard"),
        "message": decode(kept.encoded) if is_shown else None,
        "payload": base64.b64encode(data).decode() if is_binary else None,
        "id": first.message.submission_id,
        "label": first.label or None,
        "recipients": [_recipient(each) for each in messages],
        "sender": first.message.sender,
        "sendtime": first.due_at // 1000,
        "tags": [],
        "userref": echo.get("userref"),
        "priority": PRIORITIES[first.priority],
        "validity_period": (first.expires_at - first.due_at) // 1000,
        "encoding": ENCODINGS[kept.encoded.encoding],
        "destaddr": DESTINATIONS.get(kept.message_class, "MOBILE"),
        "udh": base64.b64encode(header).decode() if header_end > 1 else None,
        "callback_url": first.message.callback_url or None,
    }


def _recipient(each: MessageStatus) -> dict[str, object]:
    message = each.message
    happened_at = message.ended_at or message.sent_at or message.accepted_at
    return {
        "country": message.country,
        "csms": message.segments,
        "dsnerror": message.reason or None,
        "dsnerrorcode": error_code(message.reason),
        "dsnstatus": _standing(each),
        "dsntime": happened_at / 1000,
        "mcc": None,
        "mnc": None,
        "msisdn": int(message.recipient),
        "senttime": message.sent_at / 1000 if message.sent_at else None,
        "tagvalues": None,
    }


def _standing(each: MessageStatus) -> str:
    """Name where a message stands; what has not been tried and is due later is scheduled."""
    message = each.message
    if message.state in (State.QUEUED, State.SENDING):
        return "SCHEDULED" if each.due_at > message.accepted_at and not message.attempts else "BUFFERED"
    return STATUSES[message.state]
