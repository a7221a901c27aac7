"""Reads what Mavorion's customers send: a dict or a list of dicts in JSON, or dotted keys in a form or query
string. Source: seed 001; GatewayAPI's rest.rst ("Advanced usage").
"""

from __future__ import annotations

import re

import msgspec

from aldis.dialects import parameters
from aldis.dialects.exchange import HttpRequest
from aldis.dialects.mavorion import credentials
from aldis.dialects.mavorion.sms import MAX_ECHO, STANDARD, Sms, ask_of, fault_of
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MOST_MESSAGES, MessageAsk, Submission

#: of JSON: SMS, recipients, and braces that stand in texts
MAX_OBJECTS = 100_000

_BODY = msgspec.json.Decoder(Sms | list[Sms])
_FALSE = ("", "0", "false", "no")
_DOTTED_RECIPIENT = re.compile(r"^recipients\.(\d{1,5})\.(msisdn|tagvalues\.(\d{1,5})|charge\..*)$")
_DOTTED_TAG = re.compile(r"^tags\.(\d{1,5})$")


def read(request: HttpRequest, query: dict[str, str], presented: Presented | None) -> Submission | Refusal:
    """Turn a request into a submission. `presented`: the credentials of query and headers; those of the body
    come after them.
    """
    try:
        messages, in_body = _messages(request, query)
    except parameters.Unreadable as unreadable:
        refusal = Refusal(RefusalReason.MALFORMED, value=str(unreadable))
        if presented is None:
            return refusal
        return _unread(Caller(presented, request.peer, request.nonce), refusal)
    presented = presented or in_body
    if presented is None:
        return Refusal(RefusalReason.CREDENTIALS_MISSING, "token")
    caller = Caller(presented, request.peer, request.nonce)
    if not messages:
        return _unread(caller, Refusal(RefusalReason.PARAMETER_MISSING, "message"))
    fault = _fault(messages)
    if fault is not None:
        return _unread(caller, fault)
    return Submission(
        caller,
        tuple([ask_of(sms) for sms in messages]),
        dry_run=_is_dry(messages[0]),
    )


def _is_dry(sms: Sms) -> bool:
    return str(sms.dry_run or "").lower() not in _FALSE


def _fault(messages: list[Sms]) -> Refusal | None:
    if sum([len(sms.recipients) for sms in messages]) > MOST_MESSAGES:
        text = f"recipients: {MOST_MESSAGES} at most in all messages"
        return Refusal(RefusalReason.PARAMETER_INVALID, "recipients", text)
    if len(messages) > 1:
        for name, usual, given in (
            ("label", "", [sms.label for sms in messages]),
            ("class", STANDARD, [sms.message_class for sms in messages]),
            ("dry_run", "False", [str(_is_dry(sms)) for sms in messages]),
        ):
            if len({each or usual for each in given}) > 1:
                text = f"{name} must be the same in all messages"
                return Refusal(RefusalReason.PARAMETER_INVALID, "messages", text)
    for sms in messages:
        fault = fault_of(sms)
        if fault is not None:
            return fault
    return None


def _unread(caller: Caller, refusal: Refusal) -> Submission:
    """Remember who asked, so that an unknown caller is told so and not what is wrong with the body."""
    return Submission(caller, (MessageAsk(recipients=(), text=""),), fault=refusal)


def _messages(request: HttpRequest, query: dict[str, str]) -> tuple[list[Sms], Presented | None]:
    """Read the messages, and the credentials that stand beside them."""
    body = request.body.strip().removeprefix(b"\xef\xbb\xbf")
    if not body or (not body.startswith((b"{", b"[")) and _is_form(request)):
        values = parameters.form_body(request) | query if body else query
        return [_from_dotted(values)], credentials.login(values)
    if body.count(b"{") > MAX_OBJECTS:
        raise parameters.Unreadable(f"more than {MAX_OBJECTS} objects")
    try:
        found = _BODY.decode(body)
    except msgspec.ValidationError as invalid:
        raise parameters.Unreadable(str(invalid)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise parameters.Unreadable("the body is not valid JSON") from None
    messages = found if isinstance(found, list) else [found]
    if len(messages) > MOST_MESSAGES:
        raise parameters.Unreadable(f"more than {MOST_MESSAGES} messages")
    for sms in messages:
        if sms.token:
            return messages, Presented("mavorion", sms.token)
    return messages, None


def _is_form(request: HttpRequest) -> bool:
    media_type = request.media_type
    return "form" in media_type or not media_type


def _from_dotted(values: dict[str, str]) -> Sms:
    """Gather `recipients.0.msisdn=…` into the shape that the JSON body has. Raises Unreadable."""
    recipients: dict[int, dict[str, object]] = {}
    tag_values: dict[int, dict[int, str]] = {}
    tags: dict[int, str] = {}
    plain: dict[str, object] = {}
    for name, value in values.items():
        if found := _DOTTED_RECIPIENT.match(name):
            index = int(found[1])
            recipient = recipients.setdefault(index, {})
            if found[3]:
                tag_values.setdefault(index, {})[int(found[3])] = value
            else:
                recipient[found[2].partition(".")[0]] = value
        elif found := _DOTTED_TAG.match(name):
            tags[int(found[1])] = value
        elif name.startswith(("recipients.", "tags.")):
            raise parameters.Unreadable(f"{name[:MAX_ECHO]} is no place in a list")
        else:
            plain[name] = value
    for index, given in tag_values.items():
        recipients[index]["tagvalues"] = [given[position] for position in sorted(given)]
    if tags:
        plain["tags"] = [tags[position] for position in sorted(tags)]
    plain["recipients"] = [recipients[index] for index in sorted(recipients)]
    try:
        return msgspec.convert(plain, Sms)
    except msgspec.ValidationError as invalid:
        raise parameters.Unreadable(str(invalid)) from None
