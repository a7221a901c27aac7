"""Writes Mavorion's answers: ids and usage, or an error with its code and HTTP status. Source: seed 001;
GatewayAPI's errors.rst.

Errors always carry all four members, because some clients read them without looking.
"""

from __future__ import annotations

import msgspec

from aldis.accounts.price import MICROS
from aldis.dialects.contract import Asked, Reference
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.mavorion import prices, report
from aldis.traffic.query import (
    Answer,
    BalanceFound,
    Cancelled,
    CarriersFound,
    InboundFound,
    PricesFound,
    Query,
    StatusFound,
    UsageFound,
)
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.refused import incident_of
from aldis.traffic.submission import Admitted, AdmittedAsk, MessageAsk, Submission

JSON = b"application/json"

_MISSING = ("0x0222", 400, "Missing required parameter %1")
_INVALID = ("0x0308", 400, "Invalid argument: %1")
_FORBIDDEN = ("0x0307", 403, "Permission denied: %1")
_TOKEN = ("0x0229", 401, "Invalid token")
_UNREACHABLE = ("0x0217", 403, "Unauthorized destination: country %1")

#: reason → (code, HTTP status, message; %1 stays for the client to fill in)
ERRORS: dict[RefusalReason, tuple[str, int, str]] = {
    RefusalReason.METHOD_NOT_ALLOWED: ("0x0303", 405, "Operation not permitted"),
    RefusalReason.BODY_TOO_LARGE: ("0x0308", 413, "Invalid argument: the body is too large"),
    RefusalReason.MALFORMED: ("0x0308", 422, "Invalid request body: %1"),
    RefusalReason.NOT_HTTP: ("0x0308", 400, "Invalid request: %1"),
    RefusalReason.PARAMETER_MISSING: _MISSING,
    RefusalReason.PARAMETER_INVALID: _INVALID,
    RefusalReason.ACTION_UNKNOWN: ("0x0220", 400, "Unsupported parameter %1"),
    RefusalReason.RECIPIENTS_REPEATED: (
        "0x0310",
        422,
        "A message contains the same recipient more than once. MSISDNs %1 is duplicated",
    ),
    RefusalReason.CREDENTIALS_MISSING: _TOKEN,
    RefusalReason.CREDENTIALS_UNKNOWN: _TOKEN,
    RefusalReason.TOO_MANY_TRIES: ("0x0309", 429, "Temporarily unavailable: too many wrong passwords"),
    RefusalReason.SIGNATURE_METHOD_UNKNOWN: ("0x0221", 400, "Unsupported signature method %1"),
    RefusalReason.SIGNATURE_INVALID: ("0x0224", 401, "Invalid signature"),
    RefusalReason.SIGNATURE_EXPIRED: ("0x0225", 401, "Expired timestamp"),
    RefusalReason.NONCE_USED: ("0x0226", 401, "Invalid / used nonce"),
    RefusalReason.ADDRESS_NOT_ALLOWED: ("0x0213", 403, "Unauthorized IP-address: %1"),
    RefusalReason.ACCOUNT_INACTIVE: ("0x022A", 403, "Account frozen, contact support"),
    RefusalReason.SENDING_NOT_PERMITTED: ("0x021D", 403, "SMS not enabled for account"),
    RefusalReason.LOOKUP_NOT_PERMITTED: ("0x021A", 403, "HLR not enabled for account"),
    RefusalReason.THROTTLED: ("0x0309", 429, "Temporarily unavailable: too many messages"),
    RefusalReason.SENDER_INVALID: _INVALID,
    RefusalReason.SENDER_UNKNOWN: _FORBIDDEN,
    RefusalReason.SENDER_NOT_YOURS: _FORBIDDEN,
    RefusalReason.KEYWORD_UNKNOWN: _INVALID,
    RefusalReason.CAMPAIGN_UNKNOWN: _INVALID,
    RefusalReason.RECIPIENT_MISSING: _MISSING,
    RefusalReason.RECIPIENT_INVALID: _INVALID,
    RefusalReason.CARRIER_MISSING: _MISSING,
    RefusalReason.CARRIER_UNKNOWN: _INVALID,
    RefusalReason.NOT_OPTED_IN: ("0x0215", 403, "MSISDN %1 blacklisted"),
    RefusalReason.OPTED_OUT: ("0x0215", 403, "MSISDN %1 blacklisted"),
    RefusalReason.NOT_SUBSCRIBED: ("0x0215", 403, "MSISDN %1 blacklisted"),
    RefusalReason.TEXT_MISSING: _MISSING,
    RefusalReason.TEXT_TOO_LONG: _INVALID,
    RefusalReason.NO_ROUTE: _UNREACHABLE,
    RefusalReason.NO_MMS_ROUTE: ("0x021C", 403, "MMS not enabled for account"),
    RefusalReason.CONTENT_INVALID: _INVALID,
    RefusalReason.CONTENT_TOO_LARGE: _INVALID,
    RefusalReason.DUPLICATE: ("0x0303", 403, "Operation not permitted"),
    RefusalReason.MESSAGE_UNKNOWN: ("0x0308", 404, "Unknown message id %1"),
    RefusalReason.TOO_LATE: ("0x0303", 410, "Message %1 was sent or deleted already"),
    RefusalReason.CREDIT_INSUFFICIENT: ("0x0216", 403, "Insufficient credit"),
    RefusalReason.UNAVAILABLE: ("0x0305", 503, "Shutting down, try again"),
    RefusalReason.OUTCOME_UNKNOWN: ("0x0305", 503, "It is not known yet whether this was accepted"),
    RefusalReason.INTERNAL: ("0x0301", 500, "Internal error, try again"),
}

#: where a parameter has a code of its own
PARAMETER_ERRORS = {
    "class": ("0x0218", 422, "Unknown message class id %1"),
    "priority": ("0x0311", 422, "Priority %1 not available"),
}
#: where the credentials were not a token
CONSUMER_KEY = ("0x0223", 401, "Invalid Consumer Key")
PASSWORD = ("0x0211", 401, "Invalid password")

#: what %1 names where the refusal itself carries no value
PARAMETERS = {
    RefusalReason.RECIPIENT_MISSING: "recipients",
    RefusalReason.TEXT_MISSING: "message",
    RefusalReason.TEXT_TOO_LONG: "message",
    RefusalReason.SENDER_INVALID: "sender",
    RefusalReason.CARRIER_MISSING: "carrier",
}


def accept(_request: HttpRequest, submission: Submission, admitted: Admitted) -> HttpReply:
    """Give one id for each SMS of the request, and what they use and cost."""
    countries: dict[str, int] = {}
    micros = 0
    for ask in admitted.asks:
        for message in ask.messages:
            countries[message.country] = countries.get(message.country, 0) + message.segments
        micros += ask.price_micros
    document: dict[str, object] = {
        "ids": [ask.messages[0].message_id for ask in admitted.asks],
        # a float even when it is whole: clients check the type
        "usage": {"countries": countries, "currency": admitted.currency, "total_cost": micros / MICROS},
    }
    if any(ask.wants_details for ask in submission.asks):
        document["details"] = {"messages": [_details(ask) for ask in admitted.asks]}
    return HttpReply(200, JSON, msgspec.json.encode(document))


def _details(ask: AdmittedAsk) -> dict[str, object]:
    return {
        "id": ask.messages[0].message_id,
        "recipients": [
            {"country": message.country, "msisdn": int(message.recipient), "parts": message.segments}
            for message in ask.messages
        ],
    }


def answer(request: HttpRequest, query: Query, found: Answer) -> HttpReply:
    """Answer what is not about sending."""
    match found:
        case Cancelled():
            return HttpReply(204, JSON, b"")
        case PricesFound():
            return prices.write(request, found)
        case BalanceFound() | StatusFound() | UsageFound() | InboundFound() | CarriersFound():
            return HttpReply(200, JSON, msgspec.json.encode(report.document(query, found)))
        case _:
            raise TypeError(type(query).__name__)


def refuse(request: HttpRequest, asked: Asked | None, refusal: Refusal) -> HttpReply:
    """Give the error that fits a refusal."""
    code, status, message = _error(asked, refusal)
    named = refusal.value or refusal.parameter or PARAMETERS.get(refusal.reason, "")
    if refusal.reason in (RefusalReason.ACTION_UNKNOWN, RefusalReason.PARAMETER_MISSING):
        named = refusal.parameter
    variables = [named] if "%1" in message else []
    document = {
        "code": code,
        "incident_uuid": incident_of(request.nonce),
        "message": message,
        "variables": variables,
    }
    return HttpReply(status, JSON, msgspec.json.encode(document))


def _error(asked: Asked | None, refusal: Refusal) -> tuple[str, int, str]:
    if refusal.reason is RefusalReason.PARAMETER_INVALID and refusal.parameter in PARAMETER_ERRORS:
        return PARAMETER_ERRORS[refusal.parameter]
    if refusal.reason is RefusalReason.SENDER_INVALID and not refusal.value:
        return _MISSING
    if refusal.reason is RefusalReason.CREDENTIALS_UNKNOWN and asked is not None:
        if asked.caller.presented.signed is not None:
            return CONSUMER_KEY
        if asked.caller.presented.secret is not None:
            return PASSWORD
    return ERRORS[refusal.reason]


def reference(_ask: MessageAsk, made_of: Reference) -> str:
    """Know all messages of one SMS by the id that the answer gives."""
    return str(made_of.submission_id)
