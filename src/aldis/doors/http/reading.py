"""Reads from the head of a request what door and dialects want to know: host, path, and who asks. Pure."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote_to_bytes

from aldis.addresses import Networks, forwarded_address

#: stands for an address. Source: RFC 7239 §6.2
UNKNOWN = "unknown"


@lru_cache(maxsize=256)
def path_of(target: bytes) -> str:
    """Read the path of a request target, which a proxy's client may write with scheme and host."""
    if not target.startswith(b"/"):
        scheme, _, rest = target.partition(b"://")
        target = b"/" + rest.partition(b"/")[2] if scheme.lower() in (b"http", b"https") else target
    if b"%" in target:
        target = unquote_to_bytes(target)
    return target.decode("utf-8", "replace")


def host_of(header: str) -> str:
    """Read the host name of a Host header, without its port. Source: RFC 9110 §7.2."""
    host, colon, port = header.strip().lower().rpartition(":")
    name = host if colon and port.isdigit() else f"{host}{colon}{port}"
    return name.removesuffix(".")


def peer_of(address: str, headers: list[tuple[bytes, bytes]], trusted: Networks) -> str:
    """Tell who asks: the nearest address that is not one of our proxies, UNKNOWN where a proxy wrote none."""
    if address not in trusted:
        return address
    named = [value for name, value in headers if name == b"x-forwarded-for"]
    for forwarded in reversed(b",".join(named).decode("latin-1").split(",")):
        if forwarded.strip():
            found = str(forwarded_address(forwarded) or UNKNOWN)
            if found not in trusted:
                return found
    return address
