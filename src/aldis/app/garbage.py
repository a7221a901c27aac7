"""How the garbage collector is to behave in processes that work under load."""

from __future__ import annotations

import gc


def spare_the_collector() -> None:
    """Keep what was built at start out of the garbage collector's sight, and let it look less often.

    A full collection walks everything that lives, 20 ms of it after start, several times a second under load;
    what a request leaves behind dies by reference counting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
