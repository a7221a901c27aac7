"""SUMOTEXT's older API (mosms.sumotext.com), which its published clients still speak: send, report, look up;
one line of text each. Source: SUMOTEXT's legacy guide; docs/dialects/sumotext.md.

It knows no key: who asks is told by the address that the request comes from and by the short code that it
names. So an account that may be used this way has a credential with the key `shortcode:<short code>`.
"""

from __future__ import annotations

from html import escape

from aldis.dialects import parameters
from aldis.dialects.contract import Asked
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.writing import STATUSES
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.message import MessageFacts
from aldis.traffic.query import Answer, CarrierFound, CarrierLookup, Query, StatusFound, StatusQuery
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.states import State
from aldis.traffic.submission import Admitted, MessageAsk, Submission

SEND, REPORT, LOOKUP = PATHS = (
    "/secure/sumoSend.aspx",
    "/secure/sumoReport.aspx",
    "/secure/sumoLookup.aspx",
)
#: what stands before the short code in the key of a credential
KEY = "shortcode:"

#: who asks is not known, or may not
_UNKNOWN_CALLER = frozenset(
    (
        RefusalReason.CREDENTIALS_MISSING,
        RefusalReason.CREDENTIALS_UNKNOWN,
        RefusalReason.ADDRESS_NOT_ALLOWED,
        RefusalReason.ACCOUNT_INACTIVE,
        RefusalReason.SENDING_NOT_PERMITTED,
        RefusalReason.LOOKUP_NOT_PERMITTED,
    )
)
_NOT_OPTED_IN = frozenset(
    (RefusalReason.NOT_OPTED_IN, RefusalReason.OPTED_OUT, RefusalReason.KEYWORD_UNKNOWN)
)
#: which say nothing of what was asked for: to be asked again
OF_OURS = frozenset(
    (
        RefusalReason.THROTTLED,
        RefusalReason.UNAVAILABLE,
        RefusalReason.OUTCOME_UNKNOWN,
        RefusalReason.INTERNAL,
    )
)
_NO_NUMBER = frozenset((RefusalReason.RECIPIENT_MISSING, RefusalReason.RECIPIENT_INVALID))

_UNABLE = "We are unable to deliver this message."
#: state → whether it is well so far, and what is said
REPORTS: dict[State, tuple[str, str]] = {
    State.QUEUED: ("TRUE", "Sent by SUMOTEXT to Aggregator"),
    State.SENDING: ("TRUE", "Sent by SUMOTEXT to Aggregator"),
    State.SENT: ("TRUE", "Message successfully sent to carrier."),
    State.DELIVERED: ("TRUE", "Message successfully delivered to handset."),
    State.UNCONFIRMED: ("FALSE", "Not Delivered, No Information, No information."),
    State.UNDELIVERED: ("FALSE", f"UNDELIV: {_UNABLE}"),
    State.EXPIRED: ("FALSE", f"EXPIRED: {_UNABLE}"),
    State.REJECTED: ("FALSE", f"FAIL: {_UNABLE}"),
    State.DELETED: ("FALSE", f"FAIL: {_UNABLE}"),
    State.FAILED: ("FALSE", "FAILED: We were unable to send this to aggregator."),
}
#: what a carrier said of a message that it refused
REASONS = {
    "ESME_RINVDSTADR": "Not Delivered, Invalid destination, Destination permanent.",
    "ESME_RINVSRCADR": "Not Delivered, Invalid source address, Source.",
    "ESME_RSYSERR": "Not Delivered, System failure, System failure.",
}


def serves(request: HttpRequest) -> bool:
    """Tell whether a request is for this API."""
    return request.path in PATHS


def read(request: HttpRequest) -> Asked | Refusal:
    """Turn a request into what it asks; the query string counts first, then the form."""
    try:
        values = parameters.form(request.query)
        if request.body:
            values = parameters.form_body(request) | values
    except parameters.Unreadable as unreadable:
        return Refusal(RefusalReason.MALFORMED, value=str(unreadable))
    shortcode = values.get("shortcode", "").strip()
    caller = Caller(Presented("sumotext", KEY + shortcode), request.peer, request.nonce)
    if request.path == REPORT:
        return StatusQuery(caller=caller, reference=values.get("smsid", "").strip().upper(), most=1)
    mobile = values.get("mobile", "").strip()
    if request.path == LOOKUP:
        return CarrierLookup(caller=caller, number=mobile)
    ask = MessageAsk(
        recipients=(mobile,),
        text=values.get("msg", ""),
        sender=shortcode,
        carrier=values.get("carrier", "").strip() or None,
        keyword=values.get("key", "").strip(),
    )
    return Submission(caller, (ask,))


def accept(_request: HttpRequest, submission: Submission, admitted: Admitted) -> HttpReply:
    """Give the number and the message's GUID."""
    return _write(200, f"{submission.asks[0].recipients[0]}:{admitted.asks[0].reference}")


def answer(_request: HttpRequest, query: Query, found: Answer) -> HttpReply:
    """Give the carrier of a number, or what became of a message."""
    if isinstance(found, CarrierFound):
        return _write(200, found.carrier)
    if not isinstance(query, StatusQuery) or not isinstance(found, StatusFound):
        raise TypeError(type(found).__name__)
    said, text = _report(found.messages[0].message)
    return _write(200, f"{query.reference}:{said}:{text}")


def _report(message: MessageFacts) -> tuple[str, str]:
    said, text = REPORTS[message.state]
    return said, REASONS.get(message.reason, text) if message.state is State.REJECTED else text


def refuse(request: HttpRequest, asked: Asked | None, number: int, reason: RefusalReason) -> HttpReply:
    """Give the word for a refusal; where there is none, the error's number in the newer API."""
    status = STATUSES.get(reason, 200)
    if request.path == LOOKUP:
        if reason in _UNKNOWN_CALLER:
            return _write(status, "IP NOT REGISTERED")
        if reason in OF_OURS:
            return _write(status, f"ERROR {number}")
        mobile = asked.number if isinstance(asked, CarrierLookup) else ""
        return _write(status, f"ERROR CARRIER NOT FOUND FOR: {mobile}")
    if request.path == REPORT:
        smsid = asked.reference if isinstance(asked, StatusQuery) else ""
        if reason in OF_OURS:
            return _write(status, f"{smsid}:ERROR {number}: ")
        return _write(status, f"{smsid}:{'NOTIP' if reason in _UNKNOWN_CALLER else 'NOTFOUND'}: ")
    mobile = asked.asks[0].recipients[0] if isinstance(asked, Submission) else ""
    return _write(status, f"{mobile}:{_word(number, reason)}")


def _word(number: int, reason: RefusalReason) -> str:
    for word, reasons in (("NOTIP", _UNKNOWN_CALLER), ("NOTOPT", _NOT_OPTED_IN), ("NOTFOUND", _NO_NUMBER)):
        if reason in reasons:
            return word
    return f"ERROR {number}"


def _write(status: int, line: str) -> HttpReply:
    """Write a line in the provider's own type, and therefore without untrusted markup."""
    return HttpReply(status, b"text/html; charset=utf-8", escape(line).encode("utf-8", "replace"))
