"""Signs postbacks as Standard Webhooks has it, and adds the headers that an endpoint asks for: in the native
dialect, and in each other that has no signature of its own.

What is signed is the id, the time of the try, and the body; of a request without one the query, which is then
all that it says. Source: Standard Webhooks 1.0.0 (standard-webhooks/spec, "Webhook headers", "Signature
scheme").
"""

from __future__ import annotations

import base64
import binascii
import hmac

from msgspec import structs

from aldis.accounts.endpoint import Endpoint
from aldis.traffic.postback import PostbackRequest, query_of

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
#: what a page may leave around a secret that is copied from it
_NOT_SHOWN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def furnished(
    request: PostbackRequest, endpoint: Endpoint, identity: str, now: int, *, signed: bool
) -> PostbackRequest:
    """Add an endpoint's headers, and our signature unless the request is `signed` already. `identity` is the
    same each time it is tried, the timestamp is that of the try.
    """
    headers = request.headers + endpoint.headers
    if endpoint.secret and not signed:
        content = request.body or query_of(request.url).encode()
        headers += signature_headers(identity, now, content, endpoint.secret)
    return structs.replace(request, headers=headers)


def signature_headers(identity: str, now: int, content: bytes, secret: str) -> tuple[tuple[str, str], ...]:
    """Write the three headers, or the first two where there is no secret."""
    timestamp = str(now // 1000)
    headers: tuple[tuple[str, str], ...] = (("webhook-id", identity), ("webhook-timestamp", timestamp))
    if secret:
        headers += (("webhook-signature", signature(identity, timestamp, content, secret)),)
    return headers


def signature(identity: str, timestamp: str, content: bytes, secret: str) -> str:
    """Sign one try: HMAC-SHA256 over id, timestamp and content, as version 1 of the scheme has it."""
    signed = f"{identity}.{timestamp}.".encode() + content
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, "sha256")).decode()


def key_of(secret: str) -> bytes:
    """Read a secret as the libraries of Standard Webhooks do: base64, with or without `whsec_`, padding,
    blanks and what is not shown around it. What is no base64 counts as it is.
    """
    text = secret.strip().strip(_NOT_SHOWN).strip()
    bare = text.removeprefix(SECRET_PREFIX).strip()
    padding = "=" * (-len(bare.rstrip("=")) % 4)
    try:
        if bare != text:  # in what is marked as base64 they leave out whatever is none
            return base64.b64decode(bare + "==") or secret.encode()
        return base64.b64decode(bare.rstrip("=") + padding, validate=True) or secret.encode()
    except (binascii.Error, ValueError):
        return secret.encode()
