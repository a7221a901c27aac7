"""Writes callbacks, signed by a JSON Web Token whose payload is the callback's own body. Source: RFC 7515
§3.1 (compact serialisation), §A.1 (HS256); GatewayAPI's rest.rst, whose header has these two members in this
order.
"""

from __future__ import annotations

import base64
import hmac

import msgspec

from aldis.accounts.endpoint import Endpoint
from aldis.traffic.postback import PostbackRequest


def _unpadded(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


HEADER = _unpadded(b'{"typ":"JWT","alg":"HS256"}')


def token(body: bytes, secret: str) -> str:
    """Make the token of a body."""
    signed = HEADER + b"." + _unpadded(body)
    return (signed + b"." + _unpadded(hmac.digest(secret.encode(), signed, "sha256"))).decode()


def callback(document: dict[str, object], endpoint: Endpoint) -> PostbackRequest:
    """Write a callback, signed where the account has a secret for that."""
    body = msgspec.json.encode(document)
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    if endpoint.secret:
        headers += (("X-Gwapi-Signature", token(body, endpoint.secret)),)
    return PostbackRequest("POST", endpoint.url, headers, body)
