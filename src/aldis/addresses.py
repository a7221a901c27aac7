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


def store_path(url: str, data_dir: Path) -> Path:
    """Find the SQLite file that a store URL names. Raises ValueError."""
    if not url.startswith("sqlite:///") or len(url) == len("sqlite:///"):
        raise ValueError("only sqlite:///FILE is supported")
    return data_dir / url.removeprefix("sqlite:///")


def is_http(url: str) -> bool:
    """Tell whether an address is one of HTTP, without a user name."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_good and parts.username is None
