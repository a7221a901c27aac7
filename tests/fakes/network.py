"""A network that can be cut: packets on the loopback of a namespace that this process has to itself are dropped, as by
a switch that has failed, so that neither side hears an end.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.postgresql import NOBODY

#: tells the number of the machine's own namespace to whoever is in another: `tests/cluster/in_a_namespace.sh`
MARK = "ALDIS_NETWORK_OUTSIDE"


def is_ours() -> bool:
    """Whether the network may be cut: the namespace was made for this, and is not the machine's own."""
    outside = os.environ.get(MARK)
    return outside is not None and Path("/proc/self/ns/net").stat().st_ino != int(outside)


@contextmanager
def cut(*rules: str) -> Iterator[None]:
    """Drop what rules of nftables name, where it is sent."""
    nft("add table inet cut", "add chain inet cut out { type filter hook output priority 0; }")
    nft(*(f"add rule inet cut out {rule} drop" for rule in rules))
    try:
        yield
    finally:
        nft("delete table inet cut")


def nft(*commands: str) -> None:
    """Change the namespace's rules."""
    assert is_ours()
    subprocess.run(["nft", "; ".join(commands)], check=True, capture_output=True)


def of_gateway(ports: Iterable[int]) -> tuple[str, ...]:
    """Name what passes between whoever is root and servers of `nobody` at some ports: what it sends, which
    includes that it has heard.
    """
    return (f"meta skuid != {NOBODY} tcp dport {_set(ports)}",)


def of_group(ports: Iterable[int], group: int) -> tuple[str, ...]:
    """Name what programs of one group send to some ports."""
    return (f"meta skgid {group} tcp dport {_set(ports)}",)


def among_servers(ports: Iterable[int]) -> tuple[str, ...]:
    """Name what passes between servers of `nobody` at some ports."""
    return (f"meta skuid {NOBODY} tcp dport {_set(ports)}",)


def both_ways(ports: Iterable[int]) -> tuple[str, ...]:
    """Name all that passes to and from some ports."""
    named = _set(ports)
    return f"tcp dport {named}", f"tcp sport {named}"


def _set(ports: Iterable[int]) -> str:
    return f"{{ {', '.join(map(str, ports))} }}"
