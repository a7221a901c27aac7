"""Ports for those who must know theirs before they listen."""

from __future__ import annotations

import os
import random
import socket
from itertools import count

#: below what the kernel gives out by itself (from 32,768 by default)
_FIRST, _LAST = 10_000, 32_000
#: so many for each worker of a run, from where another run on the same machine hardly begins too
_EACH = 1_000
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_NEXT = count(random.SystemRandom().randrange(_EACH))


def free_port() -> int:
    """Find a port that nobody listens at, and that no other worker and no connection will be given."""
    lowest = _FIRST + _WORKER * _EACH % (_LAST - _FIRST)
    for number in _NEXT:
        port = lowest + number % _EACH
        with socket.socket() as probing:
            try:
                probing.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("`count` does not end")
