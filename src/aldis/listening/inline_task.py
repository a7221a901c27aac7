"""Runs a coroutine from where it is called up to its first real wait, and only then lets the loop take over.

A task starts a loop's turn later and costs several microseconds; most requests wait exactly once, for their
commit. What runs here must not ask for the current task (`asyncio.timeout`, `TaskGroup`): there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class InlineTask(Generic[Result]):
    """One coroutine on its way to its result; it must not raise."""

    __slots__ = ("_coroutine", "_done")

    def __init__(self, coroutine: Coroutine[Any, Any, Result], done: Callable[[Result], None]) -> None:
        self._coroutine = coroutine
        self._done = done
        self._step(None)

    def _step(self, _awaited: asyncio.Future[Any] | None) -> None:
        try:
            awaited = self._coroutine.send(None)
        except StopIteration as finished:
            self._done(finished.value)
            return
        if awaited is None:  # `asyncio.sleep(0)`
            asyncio.get_running_loop().call_soon(self._step, None)
        else:
            awaited._asyncio_future_blocking = False  # what a Task does to say that it has seen the `yield`
            awaited.add_done_callback(self._step)
