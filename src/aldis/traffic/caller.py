"""Who asks: the credentials that came with a request, and where it came from, free of the door's protocol."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Signed(msgspec.Struct, frozen=True):
    """What a request was signed with instead of showing its secret: OAuth 1.0a, HMAC-SHA1. Source: RFC 5849
    §3.4.
    """

    #: gives what the signature is of, None where that cannot be told; asked only when the key is known
    base_string: Callable[[], str | None]
    #: base64
    signature: str
    nonce: str
    #: Unix seconds, as the customer's clock has them
    timestamp: int


class Presented(msgspec.Struct, frozen=True, gc=False):
    """The credentials that came with a request."""

    #: whose kind of credential: the dialect's name
    dialect: str
    #: the key or token itself, or the login
    identity: str
    #: the password; None where the key is all there is
    secret: str | None = None
    signed: Signed | None = None

    def __repr__(self) -> str:
        return f"Presented({self.dialect!r})"


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asks a stage for something."""

    #: the house itself presents an OnBehalf
    presented: Presented
    #: the address that it asks from, as text; "" for the house itself
    peer: str = ""
    #: 62 random bits, which make what is made for it unguessable
    nonce: int = 0
