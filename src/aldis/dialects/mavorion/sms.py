"""One SMS of Mavorion's requests: its parameters, what may be wrong with them, and what it asks of us.
Source: GatewayAPI's rest.rst ("Advanced usage").
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from aldis.accounts.endpoint import address_fault
from aldis.dialects.mavorion.transliteration import sender_of
from aldis.dialects.parameters import international
from aldis.sms.fitting import NO_OPTIONS, EncodingOptions
from aldis.sms.segments import MAX_SEGMENTS
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk, Priority

#: what comes back in postbacks is kept with every message, so it is bounded
MAX_ECHO = 255
MAX_TAGS, MAX_TAG, MAX_TAG_VALUE = 100, 50, 1000
#: seconds; less is raised, more is cut
LEAST_VALIDITY, MOST_VALIDITY = 60, 432_000
#: Unix seconds that four digits of a year can hold
MOST_SENDTIME = 253_402_300_799

PRIORITIES = {
    "BULK": Priority.BULK,
    "NORMAL": Priority.INTERACTIVE_LOW,
    "URGENT": Priority.INTERACTIVE,
    "VERY_URGENT": Priority.INTERACTIVE,
}
USUAL = Priority.INTERACTIVE_LOW
STANDARD = "standard"
CLASSES = frozenset({STANDARD, "premium", "secret"})
#: message class of each destination; a handset's own choice is what MOBILE has always meant
DESTINATIONS = {"DISPLAY": 0, "MOBILE": None, "SIMCARD": 2, "EXTUNIT": 3}
TEXT, UCS2, BINARY = "UTF8", "UCS2", "BINARY"
ENCODINGS = frozenset({TEXT, UCS2, BINARY})
RECIPIENTS_USAGE = "recipients_usage"


class Recipient(msgspec.Struct, frozen=True):
    """Whom an SMS is for."""

    msisdn: str | int
    tagvalues: list[str] | None = None
    charge: object = None


class Sms(msgspec.Struct, frozen=True):
    """One SMS; numbers are taken where strings belong and the other way round, as real clients send both."""

    message: str | None = None
    sender: str | int | None = None
    recipients: list[Recipient] = []
    token: str = ""
    label: str | None = None
    userref: str | None = None
    callback_url: str | None = None
    priority: str | None = None
    dry_run: str | int | bool | None = None
    #: `class` is a Python keyword
    message_class: str | None = msgspec.field(default=None, name="class")
    encoding: str | None = None
    destaddr: str | None = None
    tags: list[str] | None = None
    charge: object = None
    payload: str | None = None
    udh: str | None = None
    sendtime: int | str | None = None
    validity_period: int | str | None = None
    max_parts: int | str | None = None
    extra_details: str | None = None


def is_plain(sms: Sms) -> bool:
    """Tell whether an SMS has nothing but what nearly all have: text, sender, recipients, a token."""
    if sms != Sms(sms.message, sms.sender, sms.recipients, sms.token):
        return False
    for recipient in sms.recipients:  # noqa: SIM110 - a generator costs more than what it asks
        if recipient.charge or recipient.tagvalues:
            return False
    return True


def fault_of(sms: Sms) -> Refusal | None:
    """Find what is wrong with an SMS."""
    if is_plain(sms):
        return None
    if sms.charge or any(recipient.charge for recipient in sms.recipients):
        return Refusal(RefusalReason.ACTION_UNKNOWN, "charge")
    for name, given, known in (
        ("class", sms.message_class, CLASSES),
        ("priority", sms.priority, PRIORITIES),
        ("encoding", sms.encoding, ENCODINGS),
        ("destaddr", sms.destaddr, DESTINATIONS),
        ("extra_details", sms.extra_details, (RECIPIENTS_USAGE,)),
    ):
        if given and given not in known:
            return Refusal(RefusalReason.PARAMETER_INVALID, name, given[:MAX_ECHO])
    name = _ill_number(sms) or _too_long(sms)
    if name:
        return Refusal(RefusalReason.PARAMETER_INVALID, name, name)
    return _ill_payload(sms) if sms.payload or sms.udh else _ill_tags(sms)


def _ill_number(sms: Sms) -> str:
    for name, most in (("sendtime", MOST_SENDTIME), ("validity_period", None), ("max_parts", MAX_SEGMENTS)):
        given = getattr(sms, name)
        if given in (None, ""):
            continue
        number = _number(str(given).removeprefix("-") if name == "validity_period" else given)
        if number is None or (most is not None and number > most) or (name == "max_parts" and not number):
            return name
    return ""


def _number(given: int | str | None) -> int | None:
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_SENDTIME)) else None


def _too_long(sms: Sms) -> str:
    for name in ("userref", "label"):
        if len(getattr(sms, name) or "") > MAX_ECHO:
            return name
    if sms.callback_url and address_fault(sms.callback_url):
        return "callback_url"
    return ""


def _ill_payload(sms: Sms) -> Refusal | None:
    """Judge an SMS for a program: it has no text, and nothing that only a text can have."""
    if not sms.payload:
        return Refusal(RefusalReason.PARAMETER_MISSING, "payload")
    for name in ("message", "tags", "max_parts"):
        if getattr(sms, name):
            text = f"{name}: not with payload"
            return Refusal(RefusalReason.PARAMETER_INVALID, name, text)
    if sms.encoding in (TEXT, UCS2):
        return Refusal(RefusalReason.PARAMETER_INVALID, "payload", "encoding: BINARY only, with payload")
    if _octets(sms.payload) is None:
        return Refusal(RefusalReason.PARAMETER_INVALID, "payload", "payload")
    header = _octets(sms.udh or "")
    if header is None or (header and _with_length(header) is None):
        return Refusal(RefusalReason.PARAMETER_INVALID, "udh", "udh")
    return None


def _ill_tags(sms: Sms) -> Refusal | None:
    tags = sms.tags or []
    if sms.encoding == BINARY:
        return Refusal(RefusalReason.PARAMETER_MISSING, "payload")
    if (
        len(tags) > MAX_TAGS
        or len(set(tags)) != len(tags)
        or not all(1 <= len(tag) <= MAX_TAG for tag in tags)
    ):
        return Refusal(RefusalReason.PARAMETER_INVALID, "tags", "tags")
    if tags and sms.max_parts:
        return Refusal(RefusalReason.PARAMETER_INVALID, "max_parts", "max_parts: not with tags")
    if any(len(recipient.tagvalues or ()) != len(tags) for recipient in sms.recipients):
        text = "tagvalues: as many as there are tags"
        return Refusal(RefusalReason.PARAMETER_INVALID, "tagvalues", text)
    if tags and any(len(value) > MAX_TAG_VALUE for each in sms.recipients for value in each.tagvalues or ()):
        return Refusal(RefusalReason.PARAMETER_INVALID, "tagvalues", f"tagvalues: {MAX_TAG_VALUE} characters")
    return None


def _octets(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _with_length(header: bytes) -> bytes | None:
    """Give a user data header with its length octet, which a customer may leave out; None when its elements
    do not fit together either way. Source: 3GPP TS 23.040 §9.2.3.24.
    """
    for elements in (header[1:] if header[0] == len(header) - 1 else None, header):
        if elements is not None and len(elements) <= MAX_ECHO and _are_whole(elements):
            return bytes((len(elements),)) + elements
    return None


def _are_whole(elements: bytes) -> bool:
    position = 0
    while position + 1 < len(elements):
        position += 2 + elements[position + 1]
    return position == len(elements)


def ask_of(sms: Sms) -> MessageAsk:
    """Say in our words what an SMS without faults asks."""
    recipients = tuple([international(str(recipient.msisdn)) for recipient in sms.recipients])
    if is_plain(sms):
        text, sender = sms.message or "", sender_of(str(sms.sender or ""))
        return MessageAsk(recipients=recipients, text=text, sender=sender, priority=USUAL)
    echo = {"userref": sms.userref, "class": sms.message_class}
    tags = tuple(sms.tags or ())
    sendtime, validity = _number(sms.sendtime), _validity(sms.validity_period)
    if sendtime:
        echo["sendtime"] = str(sendtime)
    return MessageAsk(
        recipients=recipients,
        text=sms.message or "",
        sender=sender_of(str(sms.sender or "")),
        priority=PRIORITIES.get(sms.priority or "", USUAL),
        echo={name: value for name, value in echo.items() if value is not None},
        callback_url=sms.callback_url or None,
        tags=tags,
        tag_values=tuple([tuple(each.tagvalues or ()) for each in sms.recipients]) if tags else (),
        encoding_options=_options_of(sms),
        data=_data(sms),
        send_at=(sendtime or 0) * 1000,
        validity_s=validity,
        label=sms.label or "",
        wants_details=sms.extra_details == RECIPIENTS_USAGE,
    )


def _validity(given: int | str | None) -> int | None:
    """Raise what is too short, cut what is too long."""
    number = _number(str(given).removeprefix("-"))
    if given is None or number is None:
        return None
    return LEAST_VALIDITY if str(given).startswith("-") else min(max(number, LEAST_VALIDITY), MOST_VALIDITY)


def _options_of(sms: Sms) -> EncodingOptions:
    if sms.encoding in (None, "", TEXT) and sms.destaddr in (None, "", "MOBILE") and not sms.max_parts:
        return NO_OPTIONS
    return EncodingOptions(
        ucs2=sms.encoding == UCS2,
        message_class=DESTINATIONS.get(sms.destaddr or ""),
        most_segments=_number(sms.max_parts),
    )


def _data(sms: Sms) -> bytes:
    if not sms.payload:
        return b""
    header = _octets(sms.udh or "") or b""
    return ((_with_length(header) if header else None) or b"\0") + (_octets(sms.payload) or b"")
