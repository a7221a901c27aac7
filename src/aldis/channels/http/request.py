"""Writes the octets of a postback's request, and tells where it leads. Pure."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

import msgspec

from aldis import __version__
from aldis.host_names import ascii_host
from aldis.traffic.postback import TARGET, PostbackRequest, query_of

DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(msgspec.Struct, frozen=True):
    """Where a URL leads."""

    is_tls: bool
    host: str
    port: int


class _Head(NamedTuple):
    """What all requests to an address share."""

    origin: Origin
    path: str
    #: header lines
    lines: str
    #: what its user name and password become (RFC 7617); "" without
    authorization: str


def write(request: PostbackRequest, through: str | None = None) -> tuple[Origin, bytes]:
    """Write a request in one piece. `through`: where it goes by way of a proxy, the value of its
    Proxy-Authorization, or "". Raises ValueError for an address that is none, and when a header would break
    out of its line.
    """
    url = request.url
    query = query_of(url) if "?" in url else ""
    origin, path, lines, authorization = _head(url.partition("#")[0].partition("?")[0])
    mark = "?" if query else ""
    is_told = False
    headers = ""
    for name, value in request.headers:
        headers += f"{name}: {value}\r\n"
        is_told = is_told or name.lower() == "content-length"
    if headers.count("\r") != len(request.headers) or headers.count("\n") != len(request.headers):
        raise ValueError("a header with a line break")
    body = request.body
    if not is_told and (body or request.method != "GET"):
        headers += f"Content-Length: {len(body)}\r\n"
    if authorization and "\nauthorization:" not in f"\n{headers}".lower():
        headers += f"Authorization: {authorization}\r\n"
    if through is not None and not origin.is_tls:
        path = f"http://{authority_of(origin.host, origin.port)}{path}"
        headers += f"Proxy-Authorization: {through}\r\n" if through else ""
    head = f"{request.method} {path}{mark}{query} HTTP/1.1\r\n{lines}{headers}\r\n"
    return origin, head.encode("latin-1") + body


@lru_cache(maxsize=4096)
def _head(address: str) -> _Head:
    """Take an address without query apart. Raises ValueError."""
    parts = urlsplit(address)
    default = DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname:
        raise ValueError("not an HTTP address")
    host = ascii_host(parts.hostname)
    port = parts.port or default
    authority = authority_of(host, None if port == default else port)
    lines = ("Host: " + authority, f"User-Agent: Aldis/{__version__}", "Accept: */*")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a host with a line break")
    path = quote(parts.path or "/", safe=TARGET)
    origin = Origin(parts.scheme == "https", host, port)
    return _Head(origin, path, "".join(f"{line}\r\n" for line in lines), basic_of(parts))


def authority_of(host: str, port: int | None) -> str:
    """Write host and port, or the host alone."""
    named = f"[{host}]" if ":" in host else host
    return named if port is None else f"{named}:{port}"


def basic_of(parts: SplitResult) -> str:
    """Give what the user name and password of an address become; "" without. Source: RFC 7617 §2."""
    if parts.username is None:
        return ""
    pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
    return f"Basic {b64encode(pair).decode()}"
