"""What one asks to send, as JSON: its members, their bounds, and what it asks of us.

The native dialect reads it from customers, the console's compose page and the admin API from operators, who
can do what a customer can.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec

from aldis.accounts.endpoint import MAX_ADDRESS, address_fault
from aldis.clock import as_millis
from aldis.dialects.parameters import international
from aldis.sms.address import as_sender
from aldis.sms.fitting import NO_OPTIONS, EncodingOptions
from aldis.sms.segments import MAX_SEGMENTS
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MOST_MESSAGES, MessageAsk, Priority

MAX_NAMES, MAX_VALUE = 100, 1000
#: what comes back is kept with every message, so it is bounded
MAX_ECHO = 255
LEAST_VALIDITY, MOST_VALIDITY = 60, 432_000

#: a key of idempotency as customers write it, in quotes or bare; no character that a path would change
KEY = re.compile(r'"?([A-Za-z0-9._~:@+=-]{1,80})"?')
#: what a reference made of a customer's key begins with: it is never one of our numbers, nor an operator's
OF_CUSTOMER = "k-"

#: of what a reader of JSON says, which may quote the request
MAX_TOLD = 200

Body = TypeVar("Body")

PRIORITIES = {
    "bulk_low": Priority.BULK_LOW,
    "bulk": Priority.BULK,
    "interactive_low": Priority.INTERACTIVE_LOW,
    "interactive": Priority.INTERACTIVE,
}

Number = Annotated[str, msgspec.Meta(min_length=1, max_length=32, description="International digits.")]
Short = Annotated[str, msgspec.Meta(max_length=MAX_ECHO)]


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number, and what the text's {names} stand for in its message."""

    number: Number
    values: Annotated[dict[str, str], msgspec.Meta(max_length=MAX_NAMES)] = {}


class Send(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text for one or more numbers."""

    to: Number | Annotated[list[Number | Recipient], msgspec.Meta(min_length=1, max_length=MOST_MESSAGES)]
    text: Annotated[str, msgspec.Meta(min_length=1)]
    #: the account's default sender if left out
    sender: Annotated[str, msgspec.Meta(max_length=20)] = msgspec.field(default="", name="from")
    priority: Literal["bulk_low", "bulk", "interactive_low", "interactive"] = "interactive_low"
    #: with a time zone; now if left out or past
    send_at: datetime | None = None
    #: how long sending may be tried
    validity_s: Annotated[int, msgspec.Meta(ge=LEAST_VALIDITY, le=MOST_VALIDITY)] | None = None
    #: under which use is counted
    label: Short = ""
    #: comes back in every answer and webhook about it
    reference: Short = ""
    #: where its webhooks go instead of the account's address
    callback_url: Annotated[str, msgspec.Meta(max_length=MAX_ADDRESS)] | None = None
    #: of what webhooks tell: nothing, how it ended, or that it was sent and how it ended
    receipts: Literal["none", "end", "all"] = "end"
    #: "smart" replaces typographic characters where that avoids UCS-2
    encoding: Literal["auto", "smart", "ucs2"] = "auto"
    #: 0 shows at once and is not kept, 1 handset, 2 SIM, 3 terminal equipment
    message_class: Literal[0, 1, 2, 3] | None = None
    #: the text ends where it would need more
    max_segments: Annotated[int, msgspec.Meta(ge=1, le=MAX_SEGMENTS)] | None = None
    #: which the recipient has subscribed to
    campaign: Annotated[str, msgspec.Meta(max_length=MAX_ECHO)] | None = None


def fault_of(send: Send) -> Refusal | None:
    """Find what is wrong beyond the types."""
    if send.send_at is not None and send.send_at.tzinfo is None:
        return _invalid("send_at", "send_at: give it a time zone, such as 2030-01-31T12:00:00Z")
    if send.callback_url is not None and address_fault(send.callback_url):
        return _invalid("callback_url", f"callback_url: {address_fault(send.callback_url)}")
    recipients = [] if isinstance(send.to, str) else [each for each in send.to if isinstance(each, Recipient)]
    if not recipients or not any(each.values for each in recipients):
        return None
    names = recipients[0].values.keys()
    if len(recipients) != len(send.to) or any(each.values.keys() != names for each in recipients):
        return _invalid("to", "to: give every recipient values of the same names")
    if not all(1 <= len(name) <= MAX_ECHO for name in names):
        return _invalid("to", f"to: a name has 1 to {MAX_ECHO} characters")
    if any(len(value) > MAX_VALUE for each in recipients for value in each.values.values()):
        return _invalid("to", f"to: a value has {MAX_VALUE} characters at most")
    if send.max_segments is not None:
        return _invalid("max_segments", "max_segments: not with values")
    return None


def _invalid(parameter: str, text: str) -> Refusal:
    return Refusal(RefusalReason.PARAMETER_INVALID, parameter, text)


def ask_of(send: Send, key: str | None, fingerprint: str = "") -> MessageAsk:
    """Say in our words what a request without faults asks. `key`: the reference that an idempotency key
    makes; `fingerprint`: of the request, to tell a repetition from another use of its key.
    """
    given = [send.to] if isinstance(send.to, str) else send.to
    recipients = [Recipient(each) if isinstance(each, str) else each for each in given]
    names = tuple(recipients[0].values)
    echo = {"reference": send.reference, "receipts": "all" if send.receipts == "all" else ""}
    if key is not None:
        echo |= {"fingerprint": fingerprint, "count": str(len(recipients))}
    return MessageAsk(
        recipients=tuple([international(each.number) for each in recipients]),
        text=send.text,
        sender=as_sender(send.sender),
        campaign=send.campaign,
        priority=PRIORITIES[send.priority],
        client_reference=key,
        wants_receipt=send.receipts != "none",
        echo={name: value for name, value in echo.items() if value},
        callback_url=send.callback_url,
        tags=tuple(f"{{{name}}}" for name in names),
        tag_values=tuple([tuple(each.values[n] for n in names) for each in recipients]) if names else (),
        encoding_options=_options_of(send),
        send_at=0 if send.send_at is None else max(0, as_millis(send.send_at)),
        validity_s=send.validity_s,
        label=send.label,
        wants_details=True,
    )


def fingerprint_of(body: bytes) -> str:
    """Tell a request's body from others."""
    return hashlib.sha256(body).hexdigest()[:32]


def _options_of(send: Send) -> EncodingOptions:
    if send.encoding == "auto" and send.message_class is None and send.max_segments is None:
        return NO_OPTIONS
    return EncodingOptions(
        smart=send.encoding == "smart",
        ucs2=send.encoding == "ucs2",
        message_class=send.message_class,
        most_segments=send.max_segments,
    )


def reference_of(header: str, prefix: str) -> str | Refusal | None:
    """Make a message's reference of a key of idempotency; None where there is no key."""
    if not header:
        return None
    found = KEY.fullmatch(header.strip())
    if found is None:
        text = "Idempotency-Key: 1 to 80 letters, digits and . _ ~ : @ + = -"
        return Refusal(RefusalReason.PARAMETER_INVALID, "Idempotency-Key", text)
    return prefix + found[1]


def read_json(octets: bytes, decoder: msgspec.json.Decoder[Body]) -> Body | Refusal:
    """Read a body; what is wrong with it becomes a Refusal."""
    try:
        return decoder.decode(octets)
    except msgspec.ValidationError as invalid:
        return Refusal(RefusalReason.PARAMETER_INVALID, value=str(invalid)[:MAX_TOLD])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal(RefusalReason.MALFORMED, value="the body is not valid JSON")
