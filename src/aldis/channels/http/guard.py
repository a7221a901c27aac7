"""Keeps postbacks off the operator's own network (SSRF): judged at connect time, on the very address that is
connected to.

A check on the URL or in the resolver is not enough: literal addresses skip resolvers, and a name may point
elsewhere a moment later. `ipaddress.is_global` differs between Python releases, so the special networks are
listed here as well.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aldis.accounts.account import Network

#: Source: IANA special-purpose address registries, RFC 6890 and its updates
SPECIAL = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
    )
)

#: where global unicast is assigned; all else is for special uses, or for none yet. Source: RFC 4291 §2.4
_UNICAST = ip_network("2000::/3")
#: the well-known prefix. The one for local use (64:ff9b:1::/48, RFC 8215) is not unwrapped: where the IPv4
#: address stands in it is up to whoever runs it. Source: RFC 6052 §2.1
_NAT64 = ip_network("64:ff9b::/96")
_LOOPBACK = "127.0.0.1"
_6TO4 = ip_network("2002::/16")


class AddressNotAllowed(OSError):
    """A postback address lies where postbacks may not go."""


def is_allowed(address: str, private_networks: tuple[Network, ...]) -> bool:
    """Tell whether an address may be connected to; an IPv6 address that carries an IPv4 one is judged by
    that.
    """
    found = _unwrapped(ip_address(address.partition("%")[0]))
    if any(found in network for network in private_networks):
        return True
    if isinstance(found, IPv6Address) and found not in _UNICAST:
        return False
    return found.is_global and not any(found in network for network in SPECIAL)


def guarded_socket(
    family: int, kind: int, protocol: int, address: str, private_networks: tuple[Network, ...]
) -> socket.socket:
    """Make the socket for a connection, or raise AddressNotAllowed."""
    if not is_allowed(address, private_networks):
        raise AddressNotAllowed(f"{address} is not a public address")
    return socket.socket(family, kind, protocol)


def check_name(host: str, private_networks: tuple[Network, ...]) -> None:
    """Judge a host that a proxy will look up: an address in whatever spelling (`127.1`), and `localhost`.
    Raises AddressNotAllowed.
    """
    name = host.removesuffix(".").lower()
    address = _LOOPBACK if name == "localhost" or name.endswith(".localhost") else name
    with suppress(OSError):  # as C libraries read them: with fewer parts, in hex, in octal
        address = socket.inet_ntoa(socket.inet_aton(address))
    try:
        allowed = is_allowed(address, private_networks)
    except ValueError:  # a name, which the proxy judges
        return
    if not allowed:
        raise AddressNotAllowed(f"{host} is not a public address")


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
    return address
