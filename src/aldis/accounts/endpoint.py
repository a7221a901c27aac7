"""Where customers hear from us: addresses, and how things are written and signed there."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

MAX_ADDRESS = 2048


class Endpoint(msgspec.Struct, frozen=True):
    """Where an account wants its postbacks, and how."""

    url: str
    #: one of the dialect's styles; "": its usual one
    style: str = ""
    #: what they are signed with; "" for not at all
    secret: str = ""


def address_fault(url: str) -> str:
    """Say why postbacks cannot go to an address; "" when they can."""
    if len(url) > MAX_ADDRESS:
        return f"is longer than {MAX_ADDRESS} characters"
    if not url.isprintable() or " " in url:
        return "holds blanks or control characters"
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_http = False
    if not is_http:
        return "is no http or https address"
    if parts.username is not None:
        return "holds a user name, which is not sent"
    return "has a fragment, which is not sent" if "#" in url else ""
