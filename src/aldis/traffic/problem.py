"""Refusals in our own words, each reason with its status: for the native dialect, the admin API, the console
and the command line. Source: RFC 9457 §3.1, §4.2.1.
"""

from __future__ import annotations

import msgspec

from aldis.http_phrases import phrase_of
from aldis.traffic.refusal import Refusal, RefusalReason


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, for programs and for people."""

    title: str
    status: int
    #: what it is, in words
    detail: str = ""
    #: which reason it is, for programs
    code: str = ""
    #: which member of the request is meant
    parameter: str = ""
    type: str = "about:blank"


#: reason → (status, words; {} is what the refusal names)
PROBLEMS: dict[RefusalReason, tuple[int, str]] = {
    RefusalReason.METHOD_NOT_ALLOWED: (405, "this path does not take that method"),
    RefusalReason.BODY_TOO_LARGE: (413, "the body is too large"),
    RefusalReason.MALFORMED: (400, "the request cannot be read: {}"),
    RefusalReason.NOT_HTTP: (400, "the server cannot read this request: {}"),
    RefusalReason.PARAMETER_MISSING: (422, "something is missing: {}"),
    RefusalReason.PARAMETER_INVALID: (422, "{}"),
    RefusalReason.ACTION_UNKNOWN: (422, "this cannot be asked: {}"),
    RefusalReason.RECIPIENTS_REPEATED: (422, "{} is named more than once"),
    RefusalReason.CREDENTIALS_MISSING: (401, "send the account's key: Authorization: Bearer <key>"),
    RefusalReason.CREDENTIALS_UNKNOWN: (401, "nobody has this key"),
    RefusalReason.TOO_MANY_TRIES: (429, "too many wrong passwords; try again in {} s"),
    RefusalReason.SIGNATURE_METHOD_UNKNOWN: (401, "requests are not signed here"),
    RefusalReason.SIGNATURE_INVALID: (401, "the signature is wrong"),
    RefusalReason.SIGNATURE_EXPIRED: (401, "the signature is too old"),
    RefusalReason.NONCE_USED: (401, "this nonce was used before"),
    RefusalReason.ADDRESS_NOT_ALLOWED: (403, "the account may not be used from {}"),
    RefusalReason.ACCOUNT_INACTIVE: (403, "the account is not active"),
    RefusalReason.SENDING_NOT_PERMITTED: (403, "the account may not send"),
    RefusalReason.LOOKUP_NOT_PERMITTED: (403, "the account may not look numbers up"),
    RefusalReason.THROTTLED: (429, "too many messages a second for this account"),
    RefusalReason.SENDER_INVALID: (422, "`{}` cannot be a sender"),
    RefusalReason.SENDER_UNKNOWN: (422, "the sender `{}` is not known"),
    RefusalReason.SENDER_NOT_YOURS: (403, "the sender `{}` is not this account's"),
    RefusalReason.KEYWORD_UNKNOWN: (422, "the keyword `{}` is not known"),
    RefusalReason.CAMPAIGN_UNKNOWN: (422, "the sender has no campaign `{}`"),
    RefusalReason.RECIPIENT_MISSING: (422, "there is no recipient"),
    RefusalReason.RECIPIENT_INVALID: (422, "`{}` is no number that can get messages"),
    RefusalReason.CARRIER_MISSING: (422, "the carrier of {} is missing"),
    RefusalReason.CARRIER_UNKNOWN: (422, "the carrier `{}` is not known"),
    RefusalReason.NOT_OPTED_IN: (403, "{} has not agreed to get messages"),
    RefusalReason.NOT_SUBSCRIBED: (403, "{} has not subscribed to the campaign"),
    RefusalReason.OPTED_OUT: (403, "{} wants no messages from this sender"),
    RefusalReason.TEXT_MISSING: (422, "there is no text"),
    RefusalReason.TEXT_TOO_LONG: (422, "the text needs more segments than the account may send"),
    RefusalReason.CONTENT_INVALID: (422, "an attachment cannot be taken: {}"),
    RefusalReason.CONTENT_TOO_LARGE: (422, "the attachments are too large"),
    RefusalReason.NO_MMS_ROUTE: (422, "there is no route or no price for multimedia messages to there: {}"),
    RefusalReason.NO_ROUTE: (422, "there is no route or no price to there: {}"),
    RefusalReason.DUPLICATE: (409, "`{}` was accepted before, from another request with the same key"),
    RefusalReason.MESSAGE_UNKNOWN: (404, "there is no message `{}`"),
    RefusalReason.TOO_LATE: (409, "`{}` was sent or has ended already"),
    RefusalReason.CREDIT_INSUFFICIENT: (402, "the account has not enough money left"),
    RefusalReason.UNAVAILABLE: (503, "the gateway is stopping; try again"),
    RefusalReason.OUTCOME_UNKNOWN: (
        503,
        "whether this was done is not known; try again with the same key",
    ),
    RefusalReason.INTERNAL: (503, "the gateway cannot do this now; try again"),
}


#: where there is nothing to be named
NAMELESS = {RefusalReason.SENDER_INVALID: "no sender was given, and the account has no default one"}


def words_of(refusal: Refusal) -> str:
    """Say a refusal to a person."""
    if not refusal.value and refusal.reason in NAMELESS:
        return NAMELESS[refusal.reason]
    return PROBLEMS[refusal.reason][1].replace("{}", refusal.value or refusal.parameter)


def problem_of(refusal: Refusal) -> Problem:
    """Say a refusal to a program."""
    status = PROBLEMS[refusal.reason][0]
    return Problem(phrase_of(status), status, words_of(refusal), refusal.reason.value, refusal.parameter)
