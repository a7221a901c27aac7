"""Writes the octets of a postback's request, and tells where it leads. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

import msgspec

from aldis import __version__
from aldis.traffic.postback import PostbackRequest

DEFAULT_PORTS = {"http": 80, "https": 443}
#: what may stand in a request target besides letters and digits (RFC 3986 §2)
_TARGET = "%/:?#[]@!$&'()*+,;=-._~"
_is_plain = re.compile(r"[A-Za-z0-9%/:?@!$&'()*+,;=\-._~\[\]]*").fullmatch


class Origin(msgspec.Struct, frozen=True):
    """Where a URL leads."""

    is_tls: bool
    host: str
    port: int


def write(request: PostbackRequest) -> tuple[Origin, bytes]:
    """Write a request in one piece. Raises ValueError for an address that is none, and when a header would
    break out of its line.
    """
    address, mark, query = request.url.partition("?")
    if "#" in address:
        address, mark, query = address.partition("#")[0], "", ""
    origin, path, lines = _head(address)
    query = query.partition("#")[0]
    if query and not _is_plain(query):
        query = quote(query, safe=_TARGET)
    if not query:
        mark = ""
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
    head = f"{request.method} {path}{mark}{query} HTTP/1.1\r\n{lines}{headers}\r\n"
    return origin, head.encode("latin-1") + body


@lru_cache(maxsize=4096)
def _head(address: str) -> tuple[Origin, str, str]:
    """Take an address without query apart: where it leads, the path, and the lines that all requests to it
    share. Raises ValueError.
    """
    parts = urlsplit(address)
    default = DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname:
        raise ValueError("not an HTTP address")
    host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
    port = parts.port or default
    named = f"[{host}]" if ":" in host else host
    authority = named if port == default else f"{named}:{port}"
    lines = ("Host: " + authority, f"User-Agent: Aldis/{__version__}", "Accept: */*")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a host with a line break")
    path = quote(parts.path or "/", safe=_TARGET)
    return Origin(parts.scheme == "https", host, port), path, "".join(f"{line}\r\n" for line in lines)
