"""Writes Skycore's answers: a RESPONSE with STATUS Success or Failure, always with HTTP status 200. Source:
seed 002.
"""

from __future__ import annotations

from aldis.dialects.contract import Asked, Reference
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.writing import STATUSES, xml_text
from aldis.traffic.query import Answer, Query, Subscribed, Subscription
from aldis.traffic.refusal import OF_SIGNATURES, Refusal, RefusalReason
from aldis.traffic.submission import Admitted, MessageAsk, Submission

_RECEIVER = "Invalid receiver number"
_SHORT_CODE = "Invalid shortcode"
_INTERNAL = "Internal error"
_AUTHENTICATION = ("E104", "User Authentication FAILED")
_RIGHTS = ("E107", "This account has no rights to use this action")
_RATE = ("E106", "You can call API every {value} seconds")
_THROUGHPUT = ("E113", "Throughput exceeded for this action")
_PASSWORD = ("E103", "'pass' md5(password) required")

#: reason → (ERRORCODE, ERRORINFO with places for parameter and value)
ERRORS: dict[RefusalReason, tuple[str, str]] = {
    RefusalReason.METHOD_NOT_ALLOWED: (
        "E100",
        "Invalid request. Make request via GET method or send valid XML inside 'xml' field via POST.",
    ),
    RefusalReason.BODY_TOO_LARGE: ("E100", "Invalid request. The request is too large."),
    RefusalReason.NOT_HTTP: ("E100", "Invalid request. {value}."),
    RefusalReason.PARAMETER_MISSING: (
        "E100",
        "Invalid request. Make request via GET method or send valid XML inside 'xml' field via POST.",
    ),
    RefusalReason.PARAMETER_INVALID: ("E100", "Invalid request. '{parameter}' is not valid."),
    RefusalReason.ACTION_UNKNOWN: ("E101", "'action' required/Invalid Action"),
    RefusalReason.CREDENTIALS_MISSING: ("E102", "'user' or 'api_key' required"),
    RefusalReason.CREDENTIALS_UNKNOWN: _AUTHENTICATION,
    **dict.fromkeys(OF_SIGNATURES, _AUTHENTICATION),
    RefusalReason.ADDRESS_NOT_ALLOWED: ("E112", "IP was not whitelisted"),
    RefusalReason.ACCOUNT_INACTIVE: ("E109", "API not activated"),
    RefusalReason.SENDING_NOT_PERMITTED: _RIGHTS,
    RefusalReason.LOOKUP_NOT_PERMITTED: _RIGHTS,
    RefusalReason.THROTTLED: _RATE,
    RefusalReason.TOO_MANY_TRIES: _RATE,
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
    RefusalReason.NO_MMS_ROUTE: ("E628", "Operator Not supported"),
    RefusalReason.CONTENT_INVALID: ("E100", "Invalid request. '{parameter}' is not valid."),
    RefusalReason.CONTENT_TOO_LARGE: ("E100", "Invalid request. '{parameter}' is too large."),
    RefusalReason.TEXT_MISSING: ("E712", "The 'text' is required"),
    RefusalReason.TEXT_TOO_LONG: ("E712", "The 'text' is too long"),
    RefusalReason.CREDIT_INSUFFICIENT: ("E713", "There is billing problem on your account"),
    RefusalReason.CAMPAIGN_UNKNOWN: ("E714", "Missing/Invalid CampaignID"),
    RefusalReason.NOT_SUBSCRIBED: ("E715", "Number is not subscribed to this campaign"),
    RefusalReason.OPTED_OUT: ("E114", "Phone number is blacklisted"),
    RefusalReason.NOT_OPTED_IN: ("E715", "Number is not subscribed to this campaign"),
    RefusalReason.DUPLICATE: ("E503", _INTERNAL),
    RefusalReason.MESSAGE_UNKNOWN: ("E503", _INTERNAL),
    RefusalReason.TOO_LATE: ("E503", _INTERNAL),
    RefusalReason.UNAVAILABLE: ("E503", _INTERNAL),
    RefusalReason.OUTCOME_UNKNOWN: ("E503", "It is not known yet whether this was done"),
    RefusalReason.INTERNAL: ("E503", _INTERNAL),
}

#: these carry no receiver
ABOUT_THE_ACCOUNT = frozenset(
    (
        RefusalReason.CREDENTIALS_UNKNOWN,
        RefusalReason.TOO_MANY_TRIES,
        RefusalReason.ADDRESS_NOT_ALLOWED,
        RefusalReason.ACCOUNT_INACTIVE,
        RefusalReason.SENDING_NOT_PERMITTED,
    )
)

#: where subscribe and unsubscribe say it otherwise
SUBSCRIPTION_ERRORS: dict[RefusalReason, tuple[str, str]] = {
    RefusalReason.RECIPIENT_MISSING: ("E901", "The 'mobile' is required"),
    RefusalReason.PARAMETER_MISSING: ("E902", "The 'campaignid' is required"),
    RefusalReason.CAMPAIGN_UNKNOWN: ("E903", "Invalid CampaignID"),
}
_NOT_SUBSCRIBED = ("E904", "Could not subscribe")
_NOT_UNSUBSCRIBED = ("E905", "Could not unsubscribe")


def accept(_request: HttpRequest, submission: Submission, admitted: Admitted) -> HttpReply:
    """Give the tracking id and the receiver."""
    recipient = xml_text(submission.asks[0].recipients[0])
    tracking = f"<TRACKINGID>{xml_text(admitted.asks[0].reference)}</TRACKINGID>"
    return _write(200, f"<STATUS>Success</STATUS>{tracking}<TO>{recipient}</TO>")


def answer(_request: HttpRequest, query: Query, found: Answer) -> HttpReply:
    """Say that the number is in the campaign, or out of it."""
    if not isinstance(query, Subscription) or not isinstance(found, Subscribed):
        raise TypeError(type(found).__name__)
    return _write(200, f"<STATUS>Success</STATUS>{_campaign(query)}")


def refuse(_request: HttpRequest, asked: Asked | None, refusal: Refusal) -> HttpReply:
    """Give the code and text of a refusal, and the receiver where there is one."""
    code, text = _error(asked, refusal)
    info = xml_text(text.format(parameter=refusal.parameter, value=refusal.value))
    failure = f"<STATUS>Failure</STATUS><ERRORCODE>{code}</ERRORCODE><ERRORINFO>{info}</ERRORINFO>"
    whom = "" if refusal.reason in ABOUT_THE_ACCOUNT else _whom(asked)
    return _write(STATUSES.get(refusal.reason, 200), failure + whom)


def _error(asked: Asked | None, refusal: Refusal) -> tuple[str, str]:
    if refusal.reason is RefusalReason.CREDENTIALS_MISSING and refusal.parameter == "pass":
        return _PASSWORD
    if refusal.reason is RefusalReason.THROTTLED and refusal.parameter == "segments":
        return _THROUGHPUT
    if isinstance(asked, Subscription):
        if refusal.reason in (RefusalReason.INTERNAL, RefusalReason.UNAVAILABLE, RefusalReason.OPTED_OUT):
            return _NOT_SUBSCRIBED if asked.wanted else _NOT_UNSUBSCRIBED
        if refusal.reason in SUBSCRIPTION_ERRORS:
            return SUBSCRIPTION_ERRORS[refusal.reason]
    return ERRORS[refusal.reason]


def _whom(asked: Asked | None) -> str:
    if isinstance(asked, Subscription):
        return _campaign(asked)
    recipient = asked.asks[0].recipients[0] if isinstance(asked, Submission) else ""
    return f"<TO>{xml_text(recipient)}</TO>" if recipient else ""


def _campaign(asked: Subscription) -> str:
    campaign, mobile = xml_text(asked.campaign), xml_text(asked.number)
    return f"<CAMPAIGNID>{campaign}</CAMPAIGNID><MOBILE>{mobile}</MOBILE>"


def reference(_ask: MessageAsk, made_of: Reference) -> str:
    """Name the message as the seed does."""
    return f"SMS_{made_of.message_id}"


def _write(status: int, content: str) -> HttpReply:
    return HttpReply(status, b"text/xml; charset=utf-8", f"<RESPONSE>{content}</RESPONSE>".encode())
