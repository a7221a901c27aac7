"""Writes the Genesys answer: `result_code=<n>` and not an octet more, because clients parse all that follows.
Source: seed 003.
"""

from __future__ import annotations

from aldis.dialects.contract import Asked, Reference
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.traffic.refusal import OF_SIGNATURES, Refusal, RefusalReason
from aldis.traffic.submission import Admitted, MessageAsk, Submission

QUEUED = 0
REQUEST_INVALID = 1
AUTHENTICATION_FAILED = 2
CARRIER_INVALID = 3
SOURCE_NOT_ALLOWED = 4
SOURCE_DENIED = 5
THROTTLED = 6
DUPLICATE = 7
TOO_LONG = 8
INTERNAL = 98
OTHER = 99

CODES: dict[RefusalReason, int] = {
    RefusalReason.METHOD_NOT_ALLOWED: REQUEST_INVALID,
    RefusalReason.BODY_TOO_LARGE: REQUEST_INVALID,
    RefusalReason.MALFORMED: REQUEST_INVALID,
    RefusalReason.NOT_HTTP: REQUEST_INVALID,
    RefusalReason.PARAMETER_MISSING: REQUEST_INVALID,
    RefusalReason.PARAMETER_INVALID: REQUEST_INVALID,
    RefusalReason.ACTION_UNKNOWN: REQUEST_INVALID,
    RefusalReason.RECIPIENTS_REPEATED: REQUEST_INVALID,
    RefusalReason.RECIPIENT_MISSING: REQUEST_INVALID,
    RefusalReason.RECIPIENT_INVALID: REQUEST_INVALID,
    RefusalReason.TEXT_MISSING: REQUEST_INVALID,
    RefusalReason.CONTENT_INVALID: REQUEST_INVALID,
    RefusalReason.CREDENTIALS_MISSING: AUTHENTICATION_FAILED,
    RefusalReason.CREDENTIALS_UNKNOWN: AUTHENTICATION_FAILED,
    **dict.fromkeys(OF_SIGNATURES, AUTHENTICATION_FAILED),
    RefusalReason.ADDRESS_NOT_ALLOWED: AUTHENTICATION_FAILED,
    RefusalReason.ACCOUNT_INACTIVE: AUTHENTICATION_FAILED,
    RefusalReason.SENDING_NOT_PERMITTED: AUTHENTICATION_FAILED,
    RefusalReason.CARRIER_MISSING: CARRIER_INVALID,
    RefusalReason.CARRIER_UNKNOWN: CARRIER_INVALID,
    RefusalReason.NO_ROUTE: CARRIER_INVALID,
    RefusalReason.NO_MMS_ROUTE: CARRIER_INVALID,
    RefusalReason.SENDER_INVALID: SOURCE_NOT_ALLOWED,
    RefusalReason.SENDER_UNKNOWN: SOURCE_NOT_ALLOWED,
    RefusalReason.SENDER_NOT_YOURS: SOURCE_DENIED,
    RefusalReason.THROTTLED: THROTTLED,
    RefusalReason.TOO_MANY_TRIES: THROTTLED,
    RefusalReason.DUPLICATE: DUPLICATE,
    RefusalReason.TEXT_TOO_LONG: TOO_LONG,
    RefusalReason.CONTENT_TOO_LARGE: TOO_LONG,
    RefusalReason.UNAVAILABLE: INTERNAL,
    RefusalReason.OUTCOME_UNKNOWN: INTERNAL,
    RefusalReason.INTERNAL: INTERNAL,
    RefusalReason.KEYWORD_UNKNOWN: OTHER,
    RefusalReason.CAMPAIGN_UNKNOWN: OTHER,
    RefusalReason.NOT_OPTED_IN: OTHER,
    RefusalReason.NOT_SUBSCRIBED: OTHER,
    RefusalReason.OPTED_OUT: OTHER,
    RefusalReason.CREDIT_INSUFFICIENT: OTHER,
    RefusalReason.LOOKUP_NOT_PERMITTED: OTHER,
    RefusalReason.MESSAGE_UNKNOWN: OTHER,
    RefusalReason.TOO_LATE: OTHER,
}

#: HTTP 200 says that the request was understood; these were not
STATUSES = {RefusalReason.METHOD_NOT_ALLOWED: 405, RefusalReason.BODY_TOO_LARGE: 413}


def accept(_request: HttpRequest, _submission: Submission, _admitted: Admitted) -> HttpReply:
    """Say that the message is queued."""
    return _write(200, QUEUED)


def refuse(_request: HttpRequest, _asked: Asked | None, refusal: Refusal) -> HttpReply:
    """Give the code that fits a refusal."""
    return _write(STATUSES.get(refusal.reason, 200), CODES[refusal.reason])


def reference(ask: MessageAsk, made_of: Reference) -> str:
    """Know the message by the customer's own id."""
    return ask.client_reference or str(made_of.message_id)


def _write(status: int, code: int) -> HttpReply:
    return HttpReply(status, b"text/plain; charset=utf-8", b"result_code=%d" % code)
