"""Writes SUMOTEXT's answers: a GUID and an error object, as XML or JSON, always with HTTP status 200. Source:
seed 000.

Numbers below 1000 are SUMOTEXT's own; those from 1001 are ours, for what the seed leaves out ("others may be
added").
"""

from __future__ import annotations

import uuid
from functools import lru_cache

import msgspec

from aldis.dialects.contract import Asked, Reference
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.sumotext import legacy
from aldis.dialects.sumotext.submission import JSON, XML, is_lookup, kind_of
from aldis.dialects.writing import STATUSES, xml_text
from aldis.traffic.query import Answer, CarrierFound, CarrierLookup, Query
from aldis.traffic.refusal import OF_SIGNATURES, Refusal, RefusalReason
from aldis.traffic.submission import Admitted, MessageAsk, Submission

#: what .NET prints for a GUID that was never set
NO_ID = "00000000-0000-0000-0000-000000000000"

_KEY = (258, "The current Api Key {apikey} does not exist")

#: reason → (ErrNum, ErrMessage with places for mobile, apikey, parameter and value)
ERRORS: dict[RefusalReason, tuple[int, str]] = {
    RefusalReason.CARRIER_MISSING: (
        9,
        "The Carrier for this Mobile Number {mobile} was not supplied in post.",
    ),
    RefusalReason.ACCOUNT_INACTIVE: (26, "The Current Account {value} is not Active."),
    RefusalReason.NOT_OPTED_IN: (27, "The Mobile Number {mobile} is not Opted In."),
    RefusalReason.OPTED_OUT: (27, "The Mobile Number {mobile} is not Opted In."),
    RefusalReason.ADDRESS_NOT_ALLOWED: (28, "The ip address {value} could not be found for this Api Key"),
    RefusalReason.SENDING_NOT_PERMITTED: (
        128,
        "The current Api Key {apikey} does not have permission to Send an MT",
    ),
    RefusalReason.CREDENTIALS_UNKNOWN: _KEY,
    RefusalReason.CREDENTIALS_MISSING: _KEY,
    RefusalReason.LOOKUP_NOT_PERMITTED: (
        624,
        "The current Api Key {apikey} does not have permission to Lookup Carrier Information",
    ),
    **dict.fromkeys(OF_SIGNATURES, _KEY),
    RefusalReason.MALFORMED: (1001, "The post could not be read: {value}"),
    RefusalReason.NOT_HTTP: (1001, "The post could not be read: {value}"),
    RefusalReason.PARAMETER_MISSING: (1002, "The parameter {parameter} was not supplied in post."),
    RefusalReason.PARAMETER_INVALID: (1003, "The parameter {parameter} is not valid."),
    RefusalReason.RECIPIENT_MISSING: (1004, "The Mobile Number was not supplied in post."),
    RefusalReason.RECIPIENT_INVALID: (1005, "The Mobile Number {mobile} is not valid."),
    RefusalReason.TEXT_MISSING: (1006, "The msg was not supplied in post."),
    RefusalReason.TEXT_TOO_LONG: (1007, "The msg is longer than this account may send."),
    RefusalReason.SENDER_INVALID: (1008, "The Short Code {value} is not valid."),
    RefusalReason.SENDER_UNKNOWN: (1009, "The Short Code {value} does not exist."),
    RefusalReason.SENDER_NOT_YOURS: (1010, "The Short Code {value} does not belong to this account."),
    RefusalReason.KEYWORD_UNKNOWN: (1011, "The Keyword {value} does not exist on this Short Code."),
    RefusalReason.CARRIER_UNKNOWN: (1012, "The Carrier {value} does not exist."),
    RefusalReason.CREDIT_INSUFFICIENT: (1013, "The Current Account does not have enough credit."),
    RefusalReason.THROTTLED: (1014, "The Current Account has sent too many messages; try again later."),
    RefusalReason.TOO_MANY_TRIES: (
        1026,
        "There were too many wrong passwords; try again in {value} seconds.",
    ),
    RefusalReason.NO_ROUTE: (1015, "The Mobile Number {mobile} cannot be reached."),
    RefusalReason.NO_MMS_ROUTE: (1015, "The Mobile Number {mobile} cannot be reached."),
    RefusalReason.CONTENT_INVALID: (1003, "The parameter {parameter} is not valid."),
    RefusalReason.CONTENT_TOO_LARGE: (1022, "The post is too large."),
    RefusalReason.DUPLICATE: (1016, "This message was accepted before."),
    RefusalReason.NOT_SUBSCRIBED: (1017, "The Mobile Number {mobile} is not subscribed."),
    RefusalReason.CAMPAIGN_UNKNOWN: (1018, "The Campaign {value} does not exist."),
    RefusalReason.RECIPIENTS_REPEATED: (1019, "The Mobile Number {mobile} was supplied twice."),
    RefusalReason.ACTION_UNKNOWN: (1020, "The action {value} does not exist."),
    RefusalReason.METHOD_NOT_ALLOWED: (1021, "Use POST or GET."),
    RefusalReason.BODY_TOO_LARGE: (1022, "The post is too large."),
    RefusalReason.MESSAGE_UNKNOWN: (1023, "The message {value} does not exist."),
    RefusalReason.TOO_LATE: (1024, "The message {value} was sent already."),
    RefusalReason.UNAVAILABLE: (1098, "The service is not available; try again later."),
    RefusalReason.OUTCOME_UNKNOWN: (1097, "It is not known yet whether the message was accepted."),
    RefusalReason.INTERNAL: (1099, "An internal error occurred; try again later."),
}

#: where a lookup says it otherwise; an unknown key has another number there
LOOKUP_ERRORS: dict[RefusalReason, tuple[int, str]] = {
    RefusalReason.CREDENTIALS_UNKNOWN: (256, _KEY[1]),
    RefusalReason.CREDENTIALS_MISSING: (256, _KEY[1]),
    RefusalReason.CARRIER_UNKNOWN: (1025, "The Carrier for this Mobile Number {mobile} was not found."),
}

#: misspelt like that
LOOKUP_ROOT = "smoLookup.smoLookupRetrun"
_NAMESPACES = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/SumotextApi"'


def accept(request: HttpRequest, submission: Submission, admitted: Admitted) -> HttpReply:
    """Give the message's GUID and an empty error object."""
    if legacy.serves(request):
        return legacy.accept(request, submission, admitted)
    return _write(request, 200, {"sumoId": admitted.asks[0].reference}, 0, "")


def answer(request: HttpRequest, query: Query, found: Answer) -> HttpReply:
    """Give the carrier of a number, and an empty error object."""
    if legacy.serves(request):
        return legacy.answer(request, query, found)
    if not isinstance(query, CarrierLookup) or not isinstance(found, CarrierFound):
        raise TypeError(type(found).__name__)
    return _write(request, 200, {"MobileNumber": query.number, "Carrier": found.carrier}, 0, "")


def refuse(request: HttpRequest, asked: Asked | None, refusal: Refusal) -> HttpReply:
    """Give the error object that fits a refusal; a message then has a GUID that was never set."""
    if legacy.serves(request):
        return legacy.refuse(request, asked, ERRORS[refusal.reason][0], refusal.reason)
    lookup = is_lookup(request)
    number, text = (LOOKUP_ERRORS.get(refusal.reason) if lookup else None) or ERRORS[refusal.reason]
    mobile, apikey = "", ""
    if isinstance(asked, Submission):
        mobile, apikey = asked.asks[0].recipients[0], asked.caller.presented.identity
    elif isinstance(asked, CarrierLookup):
        mobile, apikey = asked.number, asked.caller.presented.identity
    message = text.format(mobile=mobile, apikey=apikey, parameter=refusal.parameter, value=refusal.value)
    values = {"MobileNumber": mobile, "Carrier": ""} if lookup else {"sumoId": NO_ID}
    return _write(request, STATUSES.get(refusal.reason, 200), values, number, message)


def reference(_ask: MessageAsk, made_of: Reference) -> str:
    """Make the GUID: time first, so that the store's index grows at its end. Source: RFC 9562 §5.7 (UUID
    version 7).
    """
    timestamp = made_of.accepted_at & (2**48 - 1)
    random_a, random_b = made_of.message_id & 0xFFF, made_of.nonce
    return str(uuid.UUID(int=timestamp << 80 | 7 << 76 | random_a << 64 | 2 << 62 | random_b)).upper()


def _write(request: HttpRequest, status: int, values: dict[str, str], number: int, message: str) -> HttpReply:
    if _wants_xml(request):
        body = _xml(values, number, message, lookup=is_lookup(request))
        return HttpReply(status, b"application/xml; charset=utf-8", body.encode("utf-8", "replace"))
    document = {**values, "Err": {"ErrNum": number, "ErrMessage": message}}
    return HttpReply(status, b"application/json; charset=utf-8", msgspec.json.encode(document))


def _xml(values: dict[str, str], number: int, message: str, *, lookup: bool) -> str:
    """Write the XML; a lookup's has the other order and a word for 0, as its page shows."""
    inner = "".join(f"<{name}>{xml_text(value)}</{name}>" for name, value in values.items())
    num, text = f"<ErrNum>{number}</ErrNum>", f"<ErrMessage>{xml_text(message)}</ErrMessage>"
    if lookup:
        num = num if number else "<ErrNum>ErrNoErr</ErrNum>"
        return f"<{LOOKUP_ROOT} {_NAMESPACES}>{inner}<Err>{text}{num}</Err></{LOOKUP_ROOT}>"
    return f"<smoPostReturn {_NAMESPACES}>{inner}<Err>{num}{text}</Err></smoPostReturn>"


def _wants_xml(request: HttpRequest) -> bool:
    """Accept chooses; where it names neither, the answer takes the form of the question."""
    wanted = _wanted(request.header(b"accept"))
    if not wanted:
        return bool(request.body) and kind_of(request) == XML
    return wanted == XML


@lru_cache(maxsize=256)
def _wanted(accept: str) -> str:
    """Tell which of the two an Accept header prefers; "" for neither."""
    wanted = {JSON: 0.0, XML: 0.0}
    for place, item in enumerate(accept.lower().split(",")):
        media_type, *parameters = item.split(";")
        # of equal ones the first counts
        quality = _quality(parameters) - place / 1_000_000
        wanted |= {kind: max(best, quality) for kind, best in wanted.items() if kind in media_type}
    best = max(wanted, key=lambda kind: wanted[kind])  # of both alike JSON
    return best if wanted[best] > 0 else ""


def _quality(parameters: list[str]) -> float:
    """Read how much a media type is wanted. Source: RFC 9110 §12.4.2."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
