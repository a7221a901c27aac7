"""Where customers hear from us: addresses, and how things are written and signed there."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from aldis.addresses import http_fault

MAX_ADDRESS = 2048
MAX_HEADERS = 2048
#: headers that are ours to write
OURS = frozenset(
    (
        "accept",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-gwapi-signature",
    )
)
#: a header's name and value. Source: RFC 9110 §5.1, §5.5
_header = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([!-~](?:[ \t!-~]*[!-~])?)?").fullmatch


class Endpoint(msgspec.Struct, frozen=True):
    """Where an account wants its postbacks, and how."""

    url: str
    #: one of the dialect's styles; "": its usual one
    style: str = ""
    #: what they are signed with; "" for not at all
    secret: str = ""
    #: what its requests have besides
    headers: tuple[tuple[str, str], ...] = ()


def address_fault(url: str) -> str:
    """Say why postbacks cannot go to an address; "" when they can."""
    if len(url) > MAX_ADDRESS:
        return f"is longer than {MAX_ADDRESS} characters"
    if not url.isprintable() or " " in url:
        return "holds blanks or control characters"
    if fault := http_fault(url):
        return fault
    return "has a fragment, which is not sent" if "#" in url else ""


@lru_cache(maxsize=4096)
def read_headers(text: str) -> tuple[tuple[str, str], ...]:
    """Read headers, `Name: value` a line; leaves out what is none, which `headers_fault` tells of."""
    found = (_header(line.strip()) for line in text.splitlines())
    return tuple((header[1], header[2] or "") for header in found if header)


def headers_fault(text: str) -> str:
    """Say why these cannot be the headers of postbacks; "" when they can."""
    if len(text) > MAX_HEADERS:
        return f"are longer than {MAX_HEADERS} characters"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(read_headers(text)) != len(lines):
        return "need a `Name: value` a line, in ASCII"
    ours = [name for name, _ in read_headers(text) if name.lower() in OURS]
    return f"name {ours[0]}, which is written by Aldis" if ours else ""
