"""Reads addresses as the settings write them: where to listen, whom to call, where the store is. Pure."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

MAX_PORT = 65_535


def host_and_port(listen: str) -> tuple[str, int]:
    """Split `host:port`; an IPv6 host stands in brackets. Raises ValueError."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > MAX_PORT:
        raise ValueError(f"`{listen}` is not host:port")
    return host, int(port)


def store_path(url: str, data_dir: Path) -> Path | None:
    """Find the SQLite file that a store URL names; None for what is not SQLite's. Raises ValueError."""
    scheme, _, name = url.partition("://")
    if not scheme or not name or (scheme == "sqlite" and (name[0] != "/" or name == "/")):
        raise ValueError("is no address of a store, as sqlite:///FILE is")
    return data_dir / name[1:] if scheme == "sqlite" else None


def is_http(url: str) -> bool:
    """Tell whether an address is one of HTTP, without a user name."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_good and parts.username is None
