"""The closed list of reasons to say no; each dialect maps every one to its own code, and a test proves the
tables total.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class RefusalReason(StrEnum):
    """Why a submission was not accepted."""

    # the request itself
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TOO_LARGE = "body_too_large"
    MALFORMED = "malformed"
    #: what the server could not read
    NOT_HTTP = "not_http"
    PARAMETER_MISSING = "parameter_missing"
    PARAMETER_INVALID = "parameter_invalid"
    ACTION_UNKNOWN = "action_unknown"
    RECIPIENTS_REPEATED = "recipients_repeated"
    # who asks
    CREDENTIALS_MISSING = "credentials_missing"
    CREDENTIALS_UNKNOWN = "credentials_unknown"
    #: so many passwords were wrong that this one was not looked at; the value: seconds until one is
    TOO_MANY_TRIES = "too_many_tries"
    SIGNATURE_METHOD_UNKNOWN = "signature_method_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNATURE_EXPIRED = "signature_expired"
    NONCE_USED = "nonce_used"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    ACCOUNT_INACTIVE = "account_inactive"
    SENDING_NOT_PERMITTED = "sending_not_permitted"
    LOOKUP_NOT_PERMITTED = "lookup_not_permitted"
    THROTTLED = "throttled"
    # what they ask
    SENDER_INVALID = "sender_invalid"
    SENDER_UNKNOWN = "sender_unknown"
    SENDER_NOT_YOURS = "sender_not_yours"
    KEYWORD_UNKNOWN = "keyword_unknown"
    CAMPAIGN_UNKNOWN = "campaign_unknown"
    RECIPIENT_MISSING = "recipient_missing"
    RECIPIENT_INVALID = "recipient_invalid"
    CARRIER_MISSING = "carrier_missing"
    CARRIER_UNKNOWN = "carrier_unknown"
    NOT_OPTED_IN = "not_opted_in"
    NOT_SUBSCRIBED = "not_subscribed"
    OPTED_OUT = "opted_out"
    TEXT_MISSING = "text_missing"
    TEXT_TOO_LONG = "text_too_long"
    CONTENT_INVALID = "content_invalid"
    CONTENT_TOO_LARGE = "content_too_large"
    NO_ROUTE = "no_route"
    NO_MMS_ROUTE = "no_mms_route"
    DUPLICATE = "duplicate"
    MESSAGE_UNKNOWN = "message_unknown"
    TOO_LATE = "too_late"
    CREDIT_INSUFFICIENT = "credit_insufficient"
    # ourselves
    UNAVAILABLE = "unavailable"
    #: no "no" yet: whether it was stored will be known when the store is back
    OUTCOME_UNKNOWN = "outcome_unknown"
    INTERNAL = "internal"


#: what is met only in dialects whose requests may be signed
OF_SIGNATURES = (
    RefusalReason.SIGNATURE_METHOD_UNKNOWN,
    RefusalReason.SIGNATURE_INVALID,
    RefusalReason.SIGNATURE_EXPIRED,
    RefusalReason.NONCE_USED,
)


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """One no: the reason, which parameter is meant, and the value that the dialect's text names."""

    reason: RefusalReason
    parameter: str = ""
    value: str = ""
