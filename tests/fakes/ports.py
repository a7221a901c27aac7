"""Ports for those who must know theirs before they listen."""

from __future__ import annotations

import random
import socket
from functools import cache
from itertools import cycle

#: below what the kernel gives out by itself (from 32,768 by default)
_FIRST, _LAST = 10_000, 32_000
#: ports of one process. The first is held as long as it lives and says that all of them are its own: one whose
#: listener is stopped for a while must be given to no other run on the same machine
_EACH = 200


def free_port() -> int:
    """Find a port that nobody listens at, and that no other process and no connection will be given."""
    for port in _own_ports():
        with socket.socket() as probing:
            if _binds(probing, port):
                return port
    raise AssertionError("`cycle` does not end")


@cache
def _own_ports() -> cycle[int]:
    """Take ports that no other process has."""
    all_blocks = list(range(_FIRST, _LAST, _EACH))
    for lowest in random.SystemRandom().sample(all_blocks, len(all_blocks)):
        held = socket.socket()
        if _binds(held, lowest):
            held.detach()  # open until the process ends
            return cycle(range(lowest + 1, lowest + _EACH))
        held.close()
    raise OSError("all ports below the kernel's own are in use")


def _binds(probing: socket.socket, port: int) -> bool:
    try:
        probing.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
