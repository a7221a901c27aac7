"""Reads a Genesys request: parameters in the query string, in a form, or in both. Source: seed 003."""

from __future__ import annotations

from aldis.dialects import parameters
from aldis.dialects.exchange import HttpRequest
from aldis.dialects.genesys import attachments
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk, Priority, Submission

PRIORITIES = {
    "BULK_LOW": Priority.BULK_LOW,
    "BULK": Priority.BULK,
    "INTERACTIVE_LOW": Priority.INTERACTIVE_LOW,
    "INTERACTIVE": Priority.INTERACTIVE,
}

#: the second spelling is that of older clients
RECEIPT_WORDS = {"true": True, "yes": True, "false": False, "no": False}

MANDATORY = ("login", "password", "phone_number", "sender", "message")

#: given without a value, these count as not given
OPTIONAL = ("carrier", "receipt", "priority")

#: message_id has no documented limit; real clients send up to 255 characters
MAX_MESSAGE_ID = 255

#: what comes back in receipts
ECHOED = ("app_id", "conversation_id")
MAX_ECHO = 255

LONGEST = {"message_id": MAX_MESSAGE_ID, **dict.fromkeys(ECHOED, MAX_ECHO)}


def read(request: HttpRequest) -> Submission | Refusal:
    """Turn a request into a submission; the query string counts first, then the form."""
    try:
        values = parameters.form(request.query)
        if request.body:
            values = parameters.form_body(request) | values
    except parameters.Unreadable as unreadable:
        return Refusal(RefusalReason.MALFORMED, value=str(unreadable))
    if "" in values.values():
        for name in OPTIONAL:
            if values.get(name) == "":
                del values[name]
    if "sender" not in values:
        values["sender"] = values.get("shortcode", "")
    get = values.get
    found = attachments.read(values)
    receipt = get("receipt")
    ask = MessageAsk(
        recipients=(get("phone_number", ""),),
        text=get("message", ""),
        sender=values["sender"],
        carrier=get("carrier"),
        priority=PRIORITIES.get(get("priority", ""), Priority.BULK),
        client_reference=get("message_id") or None,
        wants_receipt=receipt is not None and RECEIPT_WORDS.get(receipt.lower(), False),
        echo={name: values[name] for name in ECHOED if name in values},
        attachments=() if isinstance(found, Refusal) else found,
    )
    presented = Presented("genesys", get("login", ""), get("password", ""))
    caller = Caller(presented, request.peer, request.nonce)
    fault = _fault(values) or (found if isinstance(found, Refusal) else None)
    return Submission(caller, (ask,), fault=fault)


def _fault(values: dict[str, str]) -> Refusal | None:
    for name in MANDATORY:
        if not values.get(name):
            return Refusal(RefusalReason.PARAMETER_MISSING, name)
    for name, most in LONGEST.items():
        if name in values and len(values[name]) > most:
            return Refusal(RefusalReason.PARAMETER_INVALID, name)
    if values.get("wap_push_url"):
        # of older clients; what we cannot push must not be accepted as if it were sent
        return Refusal(RefusalReason.PARAMETER_INVALID, "wap_push_url")
    if "priority" in values and values["priority"] not in PRIORITIES:
        return Refusal(RefusalReason.PARAMETER_INVALID, "priority")
    if "receipt" in values and values["receipt"].lower() not in RECEIPT_WORDS:
        return Refusal(RefusalReason.PARAMETER_INVALID, "receipt")
    return None
