"""Reads addresses as the settings write them: where to listen, whom to call, where the store is; and those of
peers, as sockets and proxies write them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from aldis.host_names import host_fault

MAX_PORT = 65_535
#: bits of an IPv6 address before the IPv4 one that it holds. Source: RFC 4291 §2.5.5.2
_MAPPED_BITS = 96


def host_and_port(listen: str) -> tuple[str, int]:
    """Split `host:port`; an IPv6 host stands in brackets. Raises ValueError."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_number = port.isascii() and port.isdigit() and len(port) <= len(str(MAX_PORT))
    if not host or not is_number or int(port) > MAX_PORT:
        raise ValueError(f"`{listen}` is not host:port")
    if fault := host_fault(host):
        raise ValueError(f"`{listen}` has a host name that {fault}")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens at a host."""
    address = source_address(host)
    return host == "localhost" if address is None else address.is_loopback


def store_path(url: str, data_dir: Path) -> Path | None:
    """Find the SQLite file that a store URL names; None for what is not SQLite's. Raises ValueError."""
    scheme, _, name = url.partition("://")
    if not scheme or not name or (scheme == "sqlite" and (name[0] != "/" or name == "/")):
        raise ValueError("is no address of a store, as sqlite:///FILE is")
    return data_dir / name[1:] if scheme == "sqlite" else None


def shown_store(url: str) -> str:
    """Write the address of a store for people: without user, password and options."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


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


@lru_cache(maxsize=4096)
def source_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read a peer's address; an IPv4 one that came in through IPv6 is taken as what it is. None where
    it is none.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def network_of(text: str) -> str:
    """Name what one customer has of addresses: one of IPv4, 64 bits of IPv6; "" for what is no address.
    Source: RFC 6177 §2.
    """
    address = source_address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address.packed, 64), strict=False))
    return "" if address is None else str(address)


def forwarded_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address as proxies write it, some with its port, and IPv6 ones in brackets. None for others."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return source_address(text)


class Networks:
    """Addresses and networks, asked whether they hold an address."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """`texts`: raises ValueError for one that is neither, or a network with bits beside its mask."""
        self._networks = tuple(map(_network, texts))
        self._holds = lru_cache(maxsize=4096)(self._look)

    def __contains__(self, text: object) -> bool:
        return bool(self._networks) and isinstance(text, str) and self._holds(text)

    def _look(self, text: str) -> bool:
        address = source_address(text)
        return address is not None and any(address in network for network in self._networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    network = ip_network(text.strip())
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


NO_NETWORKS = Networks()
