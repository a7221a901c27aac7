"""Finds the credentials of a request to Mavorion: a token, a login with its password, or an OAuth 1.0a
signature.

Source: seed 001; GatewayAPI's rest.rst (authentication); RFC 5849 for two-legged OAuth, whose base string is
made by oauthlib.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import partial
from urllib.parse import quote, unquote

from oauthlib.oauth1.rfc5849 import signature

from aldis.dialects import parameters
from aldis.dialects.exchange import LONG_BODY, HttpRequest
from aldis.traffic.caller import Presented, Signed
from aldis.traffic.refusal import Refusal, RefusalReason

METHOD = "HMAC-SHA1"
FORM = "application/x-www-form-urlencoded"
#: nonces are remembered, so they are bounded
MAX_NONCE = 255
#: digits of a timestamp that is still one
MAX_TIMESTAMP = 12
#: parameters that are signed in a request whose body is short, or that has none
MAX_SIGNED = 600


def presented(request: HttpRequest, query: Mapping[str, str]) -> Presented | Refusal | None:
    """Read the credentials of query and headers, and a signature in a form; None when there are none. Raises
    Unreadable.
    """
    if token := query.get("token"):
        return Presented("mavorion", token)
    scheme, _, value = request.header(b"authorization").partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if scheme == "token" and value:
        return Presented("mavorion", value)
    if scheme == "basic":
        return _basic(value)
    if scheme == "oauth":
        return _oauth(request, _pairs(value))
    if "oauth_consumer_key" in query:
        return _oauth(request, query)
    if request.media_type == FORM and b"oauth_consumer_key=" in request.body:
        values = parameters.form_body(request)
        if "oauth_consumer_key" in values:
            return _oauth(request, values)
    return login(query)


def login(values: Mapping[str, str]) -> Presented | None:
    """Read a token, or `user` and `password`, from a form or query."""
    if token := values.get("token"):
        return Presented("mavorion", token)
    if values.get("user") and values.get("password"):
        return Presented("mavorion", values["user"], values["password"])
    return None


def _basic(value: str) -> Presented | None:
    """Read a token as user name without password, or a login."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # not ASCII, not base64, not UTF-8
        return None
    return Presented("mavorion", name, password or None) if name else None


def _pairs(header: str) -> dict[str, str]:
    """Read `name="value", …`. Source: RFC 5849 §3.5.1."""
    found: dict[str, str] = {}
    for item in header.split(","):
        name, _, value = item.strip().partition("=")
        found.setdefault(unquote(name), unquote(value.strip('"')))
    return found


def _oauth(request: HttpRequest, values: Mapping[str, str]) -> Presented | Refusal:
    for name in ("consumer_key", "signature_method", "signature", "timestamp", "nonce"):
        if not values.get(f"oauth_{name}"):
            return Refusal(RefusalReason.PARAMETER_MISSING, f"oauth_{name}")
    method, timestamp = values["oauth_signature_method"], values["oauth_timestamp"]
    if method != METHOD:
        return Refusal(RefusalReason.SIGNATURE_METHOD_UNKNOWN, value=method)
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= MAX_TIMESTAMP):
        return Refusal(RefusalReason.SIGNATURE_EXPIRED)
    if len(values["oauth_nonce"]) > MAX_NONCE:
        return Refusal(RefusalReason.NONCE_USED)
    written = values["oauth_signature"].replace(" ", "+")  # base64 whose plus stood raw among parameters
    # a long request is read in a thread: what takes long is done here, not where it is asked for
    is_long = len(request.body) > LONG_BODY
    make = partial(_as_made, base_string(request)) if is_long else partial(base_string, request)
    signed = Signed(make, written, values["oauth_nonce"], int(timestamp))
    return Presented("mavorion", values["oauth_consumer_key"], signed=signed)


def _as_made(text: str | None) -> str | None:
    return text


def base_string(request: HttpRequest) -> str | None:
    """Make what a request's signature is of; None for parameters that cannot be signed. Source: RFC 5849
    §3.4.1.
    """
    most = parameters.MAX_PARAMETERS if len(request.body) > LONG_BODY else MAX_SIGNED
    if request.body.count(b"&") + request.query.count(b"&") >= most:
        return None
    form = _encoded(request.body) if request.media_type == FORM else ""
    authorization = request.header(b"authorization")
    try:
        collected = signature.collect_parameters(
            uri_query=_encoded(request.query),
            body=form,
            headers={"Authorization": authorization} if authorization else {},
        )
        uri = signature.base_string_uri(request.public_origin + request.path)
        normalized = signature.normalize_parameters(collected)
        return str(signature.signature_base_string(request.method, uri, normalized))
    except (ValueError, TypeError):
        return None


def _encoded(octets: bytes) -> str:
    """Encode what stands raw among parameters, because oauthlib takes none of it: clients sign the parameters
    themselves, and `[ ] { | }` are raw in what the fetch of Node and browsers writes. Source: RFC 5849
    §3.4.1.3.1; WHATWG URL §1.3.
    """
    return quote(_PERCENT.sub(b"%25", octets), safe=_TAKEN)


#: a sign that escapes nothing
_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
#: what oauthlib takes, besides letters and digits
_TAKEN = "%=&;:+~,*@!()/?'$"
