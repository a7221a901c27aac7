"""Sending for an account by hand: what it will be and cost is told while it is written."""

from __future__ import annotations

import re

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin.query_params import whole
from aldis.admin.sending import OF_OPERATOR
from aldis.clock import as_datetime, read_instant
from aldis.console.page import Page, RequestContext, render
from aldis.dialects.accepted import Estimate
from aldis.dialects.sending import KEY, PRIORITIES, Send, fingerprint_of
from aldis.errors import AdminError
from aldis.sms.encoding import Encoding
from aldis.sms.fitting import NonGsmCharacter, fit, non_gsm_characters
from aldis.sms.segments import TooLong

FIELDS = ("from", "text", "priority", "encoding", "label", "reference")
#: how many recipients one writes by hand; more are a table
MOST = 1000
#: digits from which on what stands between blanks is a number by itself
LEAST_DIGITS = 7
_BETWEEN = re.compile(r"[\n,;\t]+")
_INSIDE = re.compile(r"[-.()/]")


class Counted(msgspec.Struct, frozen=True):
    """A text alone, before there is anybody to send it to."""

    encoding: str
    units: int
    segments: int
    forced_by: tuple[NonGsmCharacter, ...]


async def _compose(context: RequestContext) -> Response:
    values = {name: context.query(name) for name in ("account", "to", *FIELDS)}
    return _page(context, values)


def _page(context: RequestContext, values: dict[str, str], fault: str = "", status: int = 200) -> Response:
    sending = context.services.sending
    names = sending.accounts()
    chosen = values.get("account") or (names[0] if len(names) == 1 else "")
    senders = sorted({s.value for name in names for s in sending.account(name).senders})
    return render(
        context,
        "compose.html",
        status=status,
        accounts=names,
        chosen=chosen,
        senders=senders,
        priorities=list(PRIORITIES),
        values=values,
        fault=fault,
        key=context.services.token(12),
    )


def _send_of(form: dict[str, str]) -> Send:
    """Read the form; raises AdminError."""
    numbers = _numbers(form.get("to", ""))
    if len(numbers) > MOST:
        raise AdminError(f"that are more than {MOST} numbers: send them as a table")
    wanted: dict[str, object] = {name: form[name] for name in FIELDS if form.get(name)}
    wanted |= {"to": numbers, "text": form.get("text", "").replace("\r\n", "\n")}
    try:
        if form.get("send_at"):
            wanted["send_at"] = as_datetime(read_instant(form["send_at"]))
        if form.get("validity_h"):
            hours = whole(form["validity_h"])
            if hours is None:
                raise AdminError("the validity is a whole number of hours")
            wanted["validity_s"] = hours * 3600
        return msgspec.convert(wanted, Send)
    except msgspec.ValidationError as invalid:
        raise AdminError(_plain(str(invalid))) from None
    except ValueError:
        raise AdminError("the time is not one") from None


def _numbers(text: str) -> list[str]:
    """Part numbers by lines, commas and semicolons; by blanks only where none is one number's own."""
    found: list[str] = []
    for piece in _BETWEEN.split(text):
        words = _INSIDE.sub("", piece).split()
        found += words if all(len(word) >= LEAST_DIGITS for word in words) else ["".join(words)]
    return found


def _plain(words: str) -> str:
    """Say to a person what a reader of types says."""
    if "$.to`" in words:
        return "there is no recipient"
    if "length >= 1 - at `$.text`" in words:
        return "there is no text"
    return words


async def _look(context: RequestContext) -> Response:
    """Tell, while somebody writes, what it will be."""
    fault, found = "", None
    try:
        found = await context.services.sending.estimate(
            context.form.get("account", ""), _send_of(context.form)
        )
    except AdminError as refused:
        fault = str(refused)
    if not context.form.get("account"):
        fault = "choose an account to see price and route"
    counted = _counted(context.form.get("text", "").replace("\r\n", "\n")) if found is None else None
    routes = _routes(found) if found is not None else []
    return render(
        context, "compose_look.html", fault=fault, found=found, counted=counted, routes=routes, most_shown=5
    )


def _counted(text: str) -> Counted | None:
    if not text:
        return None
    try:
        fitted = fit(text)
    except (TooLong, UnicodeEncodeError):
        return None
    encoded = fitted.encoded
    units = len(encoded.octets) // (2 if encoded.encoding is Encoding.UCS2 else 1)
    return Counted(encoded.encoding.name.lower(), units, fitted.segments, non_gsm_characters(encoded))


def _routes(found: Estimate) -> list[tuple[str, str, str, int]]:
    """Sum up by country, route and price: how many messages go so."""
    summed: dict[tuple[str, str, str], int] = {}
    for message in found.messages:
        key = (message.country, message.route, message.price_a_segment)
        summed[key] = summed.get(key, 0) + 1
    return [(*key, count) for key, count in sorted(summed.items())]


async def _send(context: RequestContext) -> Response:
    form = context.form
    account, key = form.get("account", ""), form.get("key", "")
    if not KEY.fullmatch(key):
        return _page(context, form, "the form is stale; send it again", 422)
    try:
        send = _send_of(form)
        fingerprint = fingerprint_of(msgspec.json.encode([account, send]))
        sent = await context.services.sending.send(
            context.actor, account, send, OF_OPERATOR + key, fingerprint
        )
    except AdminError as fault:
        return _page(context, form, str(fault), fault.status)
    return render(context, "sent.html", sent=sent.accepted, account=account, send=send)


PAGES = (
    Page("/compose", _compose, Role.OPERATOR),
    Page("/compose", _send, Role.OPERATOR, ("POST",)),
    Page("/compose/look", _look, Role.OPERATOR, ("POST",), only_looks=True),
)
