"""How the interpreter is to behave in processes that work under load."""

from __future__ import annotations

import gc
import sys

#: how long a thread that computes may keep the event loop waiting, each time that it wants to go on
SWITCH_S = 0.0005


def spare_the_collector() -> None:
    """Keep what was built at start out of the garbage collector's sight, and let it look less often.

    A full collection walks everything that lives, 20 ms of it after start, several times a second under load;
    what a request leaves behind dies by reference counting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def let_the_loop_go_first() -> None:
    """Have threads that compute give the interpreter back soon, not after Python's 5 ms: a request passes
    through the loop in about five turns, and each would wait that long while a large one is judged.
    """
    sys.setswitchinterval(SWITCH_S)
