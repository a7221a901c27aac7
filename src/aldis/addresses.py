"""Reads addresses as the settings write them: where to listen, whom to call, where the store is. Pure."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from aldis.host_names import host_fault

MAX_PORT = 65_535


def host_and_port(listen: str) -> tuple[str, int]:
    """Split `host:port`; an IPv6 host stands in brackets. Raises ValueError."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > MAX_PORT:
        raise ValueError(f"`{listen}` is not host:port")
    if fault := host_fault(host):
        raise ValueError(f"`{listen}` has a host name that {fault}")
    return host, int(port)


def store_path(url: str, data_dir: Path) -> Path | None:
    """Find the SQLite file that a store URL names; None for what is not SQLite's. Raises ValueError."""
    scheme, _, name = url.partition("://")
    if not scheme or not name or (scheme == "sqlite" and (name[0] != "/" or name == "/")):
        raise ValueError("is no address of a store, as sqlite:///FILE is")
    return data_dir / name[1:] if scheme == "sqlite" else None


def http_fault(url: str) -> str:
    """Say why nothing can be asked by HTTP at an address; "" when it can."""
    try:
        parts = urlsplit(url)
        host, is_http = parts.hostname, parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return "is no http or https address"
    if not is_http or not host:
        return "is no http or https address"
    fault = host_fault(host)
    return f"has a host name that {fault}" if fault else ""


def own_http_fault(url: str) -> str:
    """Say the same of an address in the settings, which has no user name: the user has a key of its own."""
    fault = http_fault(url)
    return fault or ("is no http or https address" if urlsplit(url).username is not None else "")
