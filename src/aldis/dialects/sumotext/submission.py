"""Reads SUMOTEXT's ways to ask: query string, XML and JSON, with or without their content tag. Source: seed
000.
"""

from __future__ import annotations

import msgspec

from aldis.dialects import parameters
from aldis.dialects.contract import Asked
from aldis.dialects.exchange import HttpRequest
from aldis.dialects.sumotext import legacy
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.query import CarrierLookup
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk, Submission

XML, JSON, STRING = "xml", "json", "string"

SEND, LOOKUP = "/api/sumopost/post", "/api/sumolookup/lookup"


class _Document(msgspec.Struct, frozen=True):
    """The JSON body; clients send numbers where they should send strings, and null for nothing."""

    apikey: str | int | None = None
    mobile: str | int | None = None
    carrier: str | int | None = None
    shortcode: str | int | None = None
    key: str | int | None = None
    msg: str | int | None = None


_DECODER = msgspec.json.Decoder(_Document)


def read(request: HttpRequest) -> Asked | Refusal:
    """Turn a request into a submission or a query; the query string counts first, then the body."""
    if legacy.serves(request):
        return legacy.read(request)
    try:
        values = _values(request)
    except parameters.Unreadable as unreadable:
        return Refusal(RefusalReason.MALFORMED, value=str(unreadable))
    if not values.get("apikey"):
        return Refusal(RefusalReason.CREDENTIALS_MISSING, "apikey")
    caller = Caller(Presented("sumotext", values["apikey"]), request.peer, request.nonce)
    mobile = values.get("mobile", "").strip()
    if is_lookup(request):
        return CarrierLookup(caller=caller, number=mobile)
    ask = MessageAsk(
        recipients=(mobile,),
        text=values.get("msg", ""),
        sender=values.get("shortcode", "").strip(),
        carrier=values.get("carrier", "").strip() or None,
        keyword=values.get("key", "").strip(),
    )
    fault = None
    for name in ("shortcode", "key"):
        if not values.get(name):
            fault = Refusal(RefusalReason.PARAMETER_MISSING, name)
            break
    return Submission(caller, (ask,), fault=fault)


def is_lookup(request: HttpRequest) -> bool:
    """Tell a carrier lookup from a message."""
    return request.path.startswith(LOOKUP)


def kind_of(request: HttpRequest) -> str:
    """Tell whether the body is XML, JSON or a query string: by its Content-Type, else by how it begins."""
    media_type = request.media_type
    for kind in (XML, JSON, STRING):
        if kind in media_type:
            return kind
    start = request.body.lstrip()[:5]
    if start.startswith((b"<", b"xml=")):
        return XML
    return JSON if start.startswith((b"{", b"json=")) else STRING


def _values(request: HttpRequest) -> dict[str, str]:
    values = parameters.form(request.query)
    if not request.body:
        return values
    kind = kind_of(request)
    if kind == STRING:
        body = parameters.form_body(request, request.body.removeprefix(b"?"))
    elif kind == XML:
        document = request.body.strip().removeprefix(b"xml=")
        octets = document if parameters.begins_as_xml(document) else parameters.unquoted(document)
        body = parameters.xml_values(parameters.xml_root(octets, request.header(b"content-type")))
    else:
        body = _json_values(request.body)
    return body | values


def _json_values(body: bytes) -> dict[str, str]:
    """Read a JSON body, with or without its content tag; percent-encoded where it does not start as one."""
    document = body.strip().removeprefix(b"json=").lstrip().removeprefix(b"\xef\xbb\xbf")
    try:
        found = _DECODER.decode(document if document.startswith(b"{") else parameters.unquoted(document))
    except msgspec.ValidationError as fault:
        raise parameters.Unreadable(str(fault)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise parameters.Unreadable("not valid JSON") from None
    return {name: str(value) for name, value in msgspec.structs.asdict(found).items() if value is not None}
