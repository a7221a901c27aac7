"""The operator's egress proxy, through which all postbacks go where one is set. Pure.

Endpoints with TLS are reached through a tunnel (CONNECT, RFC 9110 §9.3.6), others by requests that name
the whole address (RFC 9112 §3.2.2). Names are resolved by the proxy, which must keep them off private
networks; what is an address already is judged here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from aldis.addresses import http_fault
from aldis.channels.http.answer import status_of
from aldis.channels.http.request import Origin, authority_of, basic_of
from aldis.host_names import ascii_host

#: octets of its answer to CONNECT
MAX_ANSWER_OCTETS = 16_384
DEFAULT_PORT = 3128
NO_PROXY = "is no address of a proxy such as http://proxy.example:3128"
_TAKEN = range(200, 300)


class Proxy(msgspec.Struct, frozen=True):
    """Where it listens."""

    host: str
    port: int
    #: the value of Proxy-Authorization; "": none is sent
    authorization: str = ""


def read_proxy(url: str) -> Proxy | None:
    """Read the address of a proxy; "" is none. Raises ValueError."""
    if not url:
        return None
    if fault := http_fault(url):
        raise ValueError(f"{NO_PROXY}: {fault}")
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.path not in ("", "/") or parts.query:
        raise ValueError(NO_PROXY)
    return Proxy(ascii_host(parts.hostname or ""), parts.port or DEFAULT_PORT, basic_of(parts))


def connect_request(origin: Origin, proxy: Proxy) -> bytes:
    """Write what asks for a tunnel."""
    authority = authority_of(origin.host, origin.port)
    lines = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"
    if proxy.authorization:
        lines += f"Proxy-Authorization: {proxy.authorization}\r\n"
    return (lines + "\r\n").encode("latin-1")


def refusal_of(answer: bytes) -> str:
    """Say why there is no tunnel; "" where there is one."""
    status = status_of(answer)
    return "" if status in _TAKEN else f"the proxy answered {status or 'no HTTP'}"
