"""How a batch is stored of which something may be refused: one bad row harms none of its neighbours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from aldis.errors import LeaseLost, TemporaryError

log = structlog.get_logger()

Item = TypeVar("Item")


async def store_apart(
    store: Callable[[Sequence[Item]], Awaitable[object]],
    batch: Sequence[Item],
    what: str,
    on_stored: Callable[[Sequence[Item]], None] | None = None,
) -> list[tuple[Item, Exception]]:
    """Store a batch, or all of it but what is to blame, which is found by halves: 2 log2(n) calls of `store`.

    Returns what is not stored and why, in its order: with a TemporaryError, which is logged, nobody is to
    blame and it can be tried again; with any other fault the item itself is refused. Raises LeaseLost, since
    then nothing can be stored. `store`: keeps all that it is given, or nothing; `what`: what they are, for
    the log; `on_stored`: is given what is kept, as soon as it is.
    """
    try:
        await store(batch)
    except LeaseLost:
        raise
    except TemporaryError as fault:
        log.error("a batch cannot be stored now", what=what, count=len(batch), fault=str(fault))
        return [(item, fault) for item in batch]
    except Exception as fault:  # noqa: BLE001 - whatever it is, it belongs to an item, and its caller hears it
        if len(batch) == 1:
            return [(batch[0], fault)]
    else:
        if on_stored is not None:
            on_stored(batch)
        return []
    middle = len(batch) // 2
    first = await store_apart(store, batch[:middle], what, on_stored)
    return first + await store_apart(store, batch[middle:], what, on_stored)
