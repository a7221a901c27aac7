"""Writes Skycore's answers: a RESPONSE with STATUS Success or Failure, always with HTTP status 200. Source:
seed 002.
"""

from __future__ import annotations

from aldis.dialects.contract import Reference
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.markup import xml_text
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, MessageAsk, Submission

_RECEIVER = "Invalid receiver number"
_SHORT_CODE = "Invalid shortcode"
_INTERNAL = "Internal error"

#: reason → (ERRORCODE, ERRORINFO with places for parameter and value)
ERRORS: dict[RefusalReason, tuple[str, str]] = {
    RefusalReason.METHOD_NOT_ALLOWED: (
        "E100",
        "Invalid request. Make request via GET method or send valid XML inside 'xml' field via POST.",
    ),
    RefusalReason.BODY_TOO_LARGE: ("E100", "Invalid request. The request is too large."),
    RefusalReason.PARAMETER_MISSING: (
        "E100",
        "Invalid request. Make request via GET method or send valid XML inside 'xml' field via POST.",
    ),
    RefusalReason.PARAMETER_INVALID: ("E100", "Invalid request. '{parameter}' is not valid."),
    RefusalReason.ACTION_UNKNOWN: ("E101", "'action' required/Invalid Action"),
    RefusalReason.CREDENTIALS_MISSING: ("E102", "'api_key' required"),
    RefusalReason.CREDENTIALS_UNKNOWN: ("E104", "User Authentication FAILED"),
    RefusalReason.ADDRESS_NOT_ALLOWED: ("E112", "IP was not whitelisted"),
    RefusalReason.ACCOUNT_INACTIVE: ("E109", "API not activated"),
    RefusalReason.SENDING_NOT_PERMITTED: ("E107", "This account has no rights to use this action"),
    RefusalReason.THROTTLED: ("E106", "You can call API every {value} seconds"),
    RefusalReason.MALFORMED: ("E108", "XML Parse error: {value}"),
    RefusalReason.RECIPIENT_MISSING: ("E201", "The receiver number is required"),
    RefusalReason.RECIPIENT_INVALID: ("E110", _RECEIVER),
    RefusalReason.RECIPIENTS_REPEATED: ("E110", _RECEIVER),
    RefusalReason.SENDER_INVALID: ("E111", _SHORT_CODE),
    RefusalReason.SENDER_UNKNOWN: ("E111", _SHORT_CODE),
    RefusalReason.SENDER_NOT_YOURS: ("E111", _SHORT_CODE),
    RefusalReason.KEYWORD_UNKNOWN: ("E111", _SHORT_CODE),
    RefusalReason.CARRIER_MISSING: ("E628", "Operator Not supported"),
    RefusalReason.CARRIER_UNKNOWN: ("E628", "Operator Not supported"),
    RefusalReason.NO_ROUTE: ("E628", "Operator Not supported"),
    RefusalReason.TEXT_MISSING: ("E712", "The 'text' is required"),
    RefusalReason.TEXT_TOO_LONG: ("E712", "The 'text' is too long"),
    RefusalReason.CREDIT_INSUFFICIENT: ("E713", "There is billing problem on your account"),
    RefusalReason.CAMPAIGN_UNKNOWN: ("E714", "Missing/Invalid CampaignID"),
    RefusalReason.NOT_SUBSCRIBED: ("E715", "Number is not subscribed to this campaign"),
    RefusalReason.NOT_OPTED_IN: ("E715", "Number is not subscribed to this campaign"),
    RefusalReason.DUPLICATE: ("E503", _INTERNAL),
    RefusalReason.UNAVAILABLE: ("E503", _INTERNAL),
    RefusalReason.INTERNAL: ("E503", _INTERNAL),
}

#: the few that HTTP itself has a word for
STATUSES = {
    RefusalReason.METHOD_NOT_ALLOWED: 405,
    RefusalReason.BODY_TOO_LARGE: 413,
    RefusalReason.UNAVAILABLE: 503,
    RefusalReason.INTERNAL: 503,
}


def accept(_request: HttpRequest, submission: Submission, admitted: Admitted) -> HttpReply:
    """Give the tracking id and the receiver."""
    recipient = xml_text(submission.asks[0].recipients[0])
    tracking = f"<TRACKINGID>{xml_text(admitted.asks[0].reference)}</TRACKINGID>"
    return _write(200, f"<STATUS>Success</STATUS>{tracking}<TO>{recipient}</TO>")


def refuse(_request: HttpRequest, submission: Submission | None, refusal: Refusal) -> HttpReply:
    """Give the code and text of a refusal, and the receiver where there is one."""
    code, text = ERRORS[refusal.reason]
    info = xml_text(text.format(parameter=refusal.parameter, value=refusal.value))
    recipient = submission.asks[0].recipients[0] if submission is not None else ""
    to = f"<TO>{xml_text(recipient)}</TO>" if recipient else ""
    failure = f"<STATUS>Failure</STATUS><ERRORCODE>{code}</ERRORCODE><ERRORINFO>{info}</ERRORINFO>{to}"
    return _write(STATUSES.get(refusal.reason, 200), failure)


def reference(_ask: MessageAsk, made_of: Reference) -> str:
    """Name the message as the seed does."""
    return f"SMS_{made_of.message_id}"


def _write(status: int, content: str) -> HttpReply:
    return HttpReply(status, b"text/xml; charset=utf-8", f"<RESPONSE>{content}</RESPONSE>".encode())
