"""Reads names of hosts before anything is done with them: what cannot be resolved is refused, at a price that
is known from the length. Pure.

Names that are not ASCII become A-labels as in browsers: those of IDNA 2003 (RFC 3490, Python's codec), and
where IDNA 2008 (RFC 5891) differs or alone has one, its own. That takes about 4 µs
a character, and more for what is long; so it comes last, one label at a time, and what came of it is
remembered, also that nothing did.
"""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv6Address
from typing import NamedTuple
from unicodedata import normalize

import idna

#: octets of a whole name, without the dot that may end it, and of one label. Source: RFC 1035 §2.3.4
MAX_NAME, MAX_LABEL = 253, 63
#: octets that an A-label has besides one for each character at least. Source: RFC 3490 §5, RFC 3492 §3.1
_ACE_PREFIX = 4

_LONG_NAME = f"is longer than {MAX_NAME} octets"
_LONG_LABEL = f"has a label longer than {MAX_LABEL} octets"
#: what separates labels besides the dot. Source: RFC 3490 §3.1
_DOTS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
#: letters, digits and hyphens, and the underscore that names in private networks have. Source: RFC 1123 §2.1
_label = re.compile(r"[a-z0-9_-]+").fullmatch
#: what IDNA 2003 writes otherwise or leaves out: `straße` as `strasse`, which is another's. Source: UTS #46
#: §2.3 (deviations)
_deviates = re.compile("[ßς\u200c\u200d]").search
_number = re.compile(r"\d+|0x[0-9a-f]*").fullmatch


class HostName(NamedTuple):
    """A name as it was read."""

    #: as name servers know it: lower case, A-labels; an address as it is written. "" where there is a fault
    name: str
    #: why it can be no host, behind "that"; ""
    fault: str = ""


@lru_cache(maxsize=4096)
def read_host(host: str) -> HostName:
    """Read a name or an address; IPv6 without brackets."""
    if ":" in host:
        return _read_ipv6(host)
    if len(host) > MAX_NAME + 1:
        return HostName("", _LONG_NAME)
    labels = host.translate(_DOTS).lower().removesuffix(".").split(".")
    if "" in labels:
        return HostName("", "has an empty label")
    if not host.isascii():
        if fault := _least_fault(labels):
            return HostName("", fault)
        labels = [label if label.isascii() else _a_label(label) for label in labels]
    fault = _fault(labels)
    return HostName("", fault) if fault else HostName(".".join(labels) + "." * host.endswith("."))


def host_fault(host: str) -> str:
    """Say why nothing can have this name, behind "that"; "" when something can."""
    return read_host(host).fault


def ascii_host(host: str) -> str:
    """Give a host as it is looked up. Raises ValueError."""
    found = read_host(host)
    if found.fault:
        raise ValueError(f"a host name that {found.fault}")
    return found.name


def _least_fault(labels: list[str]) -> str:
    """Find what will be too long before it is converted: no A-label is shorter than its characters."""
    least = 0
    for label in labels:
        length = len(label)
        if not label.isascii():
            length = _ACE_PREFIX + len(normalize("NFKC", label[:MAX_LABEL]))
        if length > MAX_LABEL:
            return _LONG_LABEL
        least += length + 1
    return _LONG_NAME if least - 1 > MAX_NAME else ""


def _fault(labels: list[str]) -> str:
    """Find what is wrong with labels as they are looked up."""
    for label in labels:
        if not label:
            return "has a label that cannot become an A-label (RFC 3490)"
        if len(label) > MAX_LABEL:
            return _LONG_LABEL
        if not _label(label):
            return "holds what no host name may"
    name = ".".join(labels)
    if len(name) > MAX_NAME:
        return _LONG_NAME
    return "ends in a number and is no address" if _number(labels[-1]) and not _is_ipv4(name) else ""


def _a_label(label: str) -> str:
    """Convert one label; "" for what cannot be. Source: UTS #46 (nontransitional)."""
    if not _deviates(label):
        with suppress(UnicodeError):
            return label.encode("idna").decode()
    with suppress(UnicodeError):
        return idna.encode(label, uts46=True).decode()
    return ""


def _read_ipv6(host: str) -> HostName:
    try:
        IPv6Address(host)
    except ValueError:
        return HostName("", "is no address of IPv6")
    return HostName(host)


def _is_ipv4(name: str) -> bool:
    """Tell whether C libraries read an address: also with fewer parts, in hex, in octal."""
    try:
        socket.inet_aton(name)
    except OSError:
        return False
    return True
