"""Takes Ctrl-C for ourselves when `make` started us, so that stopping in good order also ends `make` in good
order.

A terminal sends Ctrl-C to the whole foreground process group; `make` would die of it (exit 130) however
cleanly its child stopped. So the child becomes the foreground group for as long as it runs.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_foreground() -> Iterator[None]:
    """Be the terminal's foreground group; does nothing without a terminal or without `make`."""
    if "MAKELEVEL" not in os.environ or not sys.stdin.isatty() or os.tcgetpgrp(0) != os.getpgrp():
        yield
        return
    parents = os.getpgrp()
    # a group that is not in the foreground is stopped when it asks for the terminal, unless it ignores that
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    try:
        yield
    finally:
        os.tcsetpgrp(0, parents)
        signal.signal(signal.SIGTTOU, before)
