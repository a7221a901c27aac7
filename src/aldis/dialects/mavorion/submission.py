"""Reads Mavorion's requests: a dict or a list of dicts in JSON, or dotted keys in a form or query string.
Source: seed 001.

What Mavorion knows and Aldis does not yet do (tags, payloads, scheduling …) is refused by name, because a
message that goes out otherwise than asked is worse than one that does not.
"""

from __future__ import annotations

import base64
import re

import msgspec

from aldis.dialects import parameters
from aldis.dialects.exchange import HttpRequest
from aldis.traffic.postback import lane_of
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk, Presented, Priority, Submission

#: in one request, over all its messages
MAX_RECIPIENTS = 10_000
#: what comes back in postbacks is kept with every message, so it is bounded
MAX_ECHO = 255
MAX_URL = 2048

PRIORITIES = {
    "BULK": Priority.BULK,
    "NORMAL": Priority.INTERACTIVE_LOW,
    "URGENT": Priority.INTERACTIVE,
    "VERY_URGENT": Priority.INTERACTIVE,
}

#: harmless values of parameters that are otherwise not served: the provider's own defaults
_DEFAULTS = {"class": "standard", "encoding": "UTF8", "destaddr": "MOBILE"}
_UNSERVED = (
    "tags",
    "tagvalues",
    "payload",
    "udh",
    "sendtime",
    "validity_period",
    "max_parts",
    "extra_details",
    "charge",
)
_DOTTED_RECIPIENT = re.compile(r"^recipients\.(\d{1,5})\.(msisdn|tagvalues\..*|charge\..*)$")
_FALSE = ("", "0", "false", "no")


class _Recipient(msgspec.Struct, frozen=True):
    msisdn: str | int
    tagvalues: list[object] | None = None
    charge: object = None


class _Sms(msgspec.Struct, frozen=True):
    """One SMS of the JSON body; numbers are taken where strings belong, as real clients send both."""

    message: str = ""
    sender: str | int = ""
    recipients: list[_Recipient] = []
    token: str = ""
    label: str | None = None
    userref: str | None = None
    callback_url: str | None = None
    priority: str | None = None
    dry_run: str | int | bool | None = None
    #: collected for the refusal; `class` is a Python keyword
    message_class: str | None = msgspec.field(default=None, name="class")
    encoding: str | None = None
    destaddr: str | None = None
    tags: list[object] | None = None
    charge: object = None
    payload: object = None
    udh: object = None
    sendtime: object = None
    validity_period: object = None
    max_parts: object = None
    extra_details: object = None


def read(request: HttpRequest) -> Submission | Refusal:
    """Turn a request into a submission; the token may come in the query, in a header or in the body, in that
    order.
    """
    try:
        query = parameters.form(request.query)
    except parameters.Unreadable as unreadable:
        return Refusal(RefusalReason.MALFORMED, value=str(unreadable))
    token = query.get("token") or _header_token(request)
    try:
        messages = _messages(request, query)
    except parameters.Unreadable as unreadable:
        refusal = Refusal(RefusalReason.MALFORMED, value=str(unreadable))
        return _unread(token, refusal) if token else refusal
    except msgspec.ValidationError as invalid:
        refusal = Refusal(RefusalReason.PARAMETER_INVALID, value=str(invalid))
        return _unread(token, refusal) if token else refusal
    token = token or next((sms.token for sms in messages if sms.token), "")
    if not token:
        return Refusal(RefusalReason.CREDENTIALS_MISSING, "token")
    fault = next((found for sms in messages if (found := _fault(sms))), None)
    if sum(len(sms.recipients) for sms in messages) > MAX_RECIPIENTS:
        fault = Refusal(
            RefusalReason.PARAMETER_INVALID, "recipients", f"recipients: {MAX_RECIPIENTS} at most"
        )
    if not messages:
        return _unread(token, Refusal(RefusalReason.PARAMETER_MISSING, "message"))
    return Submission(
        Presented("mavorion", token),
        tuple(_ask(sms) for sms in messages),
        dry_run=any(str(sms.dry_run or "").lower() not in _FALSE for sms in messages),
        fault=fault,
    )


def _unread(token: str, refusal: Refusal) -> Submission:
    """Remember who asked, so that a stranger is told so and not what is wrong with the body."""
    return Submission(Presented("mavorion", token), (MessageAsk(recipients=(), text=""),), fault=refusal)


def _messages(request: HttpRequest, query: dict[str, str]) -> list[_Sms]:
    body = request.body.strip()
    if not body:
        return [_from_dotted(query)]
    if "form" in request.media_type and not body.startswith((b"{", b"[")):
        return [_from_dotted(parameters.form_body(request) | query)]
    try:
        found = msgspec.json.decode(body, type=_Sms | list[_Sms])
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise parameters.Unreadable("the body is not valid JSON") from None
    return found if isinstance(found, list) else [found]


def _from_dotted(values: dict[str, str]) -> _Sms:
    """Gather `recipients.0.msisdn=…` into the same shape as the JSON body has."""
    recipients: dict[int, dict[str, object]] = {}
    for name, value in values.items():
        if found := _DOTTED_RECIPIENT.match(name):
            field = found[2].partition(".")[0]
            recipients.setdefault(int(found[1]), {})[field] = [value] if field == "tagvalues" else value
    plain: dict[str, object] = {
        name: value
        for name, value in values.items()
        if not name.startswith(("recipients.", "tags.", "charge."))
    }
    for unserved in ("tags", "charge"):
        if any(name.startswith(f"{unserved}.") for name in values):
            plain[unserved] = ["given"]
    plain["recipients"] = [recipients[index] for index in sorted(recipients)]
    return msgspec.convert(plain, _Sms)


def _header_token(request: HttpRequest) -> str:
    """Read `Authorization: Token …` or Basic with the token as user name."""
    scheme, _, value = request.header(b"authorization").partition(" ")
    if scheme.lower() == "token":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
        except ValueError:  # not ASCII, not base64, not UTF-8
            return ""
    return ""


def _fault(sms: _Sms) -> Refusal | None:
    for name, harmless in _DEFAULTS.items():
        given = sms.message_class if name == "class" else getattr(sms, name)
        if given not in (None, "", harmless):
            return Refusal(RefusalReason.ACTION_UNKNOWN, name, str(given))
    for name in _UNSERVED:
        if getattr(sms, name, None) or any(getattr(recipient, name, None) for recipient in sms.recipients):
            return Refusal(RefusalReason.ACTION_UNKNOWN, name)
    if sms.priority is not None and sms.priority not in PRIORITIES:
        return Refusal(RefusalReason.PARAMETER_INVALID, "priority", "priority")
    for name in ("userref", "label"):
        if len(getattr(sms, name) or "") > MAX_ECHO:
            return Refusal(RefusalReason.PARAMETER_INVALID, name, name)
    if sms.callback_url and (len(sms.callback_url) > MAX_URL or not lane_of(sms.callback_url)):
        return Refusal(RefusalReason.PARAMETER_INVALID, "callback_url", "callback_url")
    return None


def _ask(sms: _Sms) -> MessageAsk:
    named = {"userref": sms.userref, "label": sms.label}
    return MessageAsk(
        recipients=tuple(str(recipient.msisdn).strip() for recipient in sms.recipients),
        text=sms.message,
        sender=str(sms.sender),
        priority=PRIORITIES.get(sms.priority or "", Priority.INTERACTIVE_LOW),
        echo={name: value for name, value in named.items() if value is not None},
        callback_url=sms.callback_url or None,
    )
