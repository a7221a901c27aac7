"""Where what takes long is done for customers, beside the event loop: judging large submissions, writing
large answers. Apart from the threads that check passwords, read the store or write files.

Each account has one thing done at a time, so that whoever asks for much waits for itself. Whoever asks for it
again and again gets a part of the time only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")

#: a second one, so that nobody waits for a single account; more would only share one interpreter
THREADS = 2
#: that may wait for the turn of one account: more than one address has connections
MOST_WAITING = 64
#: objects that are freed in one turn of the loop: a tenth of a millisecond
FREED_AT_ONCE = 250


class _Turn(asyncio.Lock):
    """One account's."""

    #: how many wait for it
    waiting = 0


class Turns:
    """Lets one at a time of each account go on."""

    def __init__(self, rests: float = 0.0) -> None:
        """`rests`: how long an account waits after a turn of its, in times of what that took."""
        self._rests = rests
        #: while anybody holds or awaits them
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()

    def are_taken(self, account: str) -> bool:
        """Tell whether so many wait for the account's turn that one more is to be refused. Those count that
        have left meanwhile: what they asked for is still done.
        """
        turn = self._turns.get(account)
        return turn is not None and turn.waiting >= MOST_WAITING

    @asynccontextmanager
    async def of(self, account: str) -> AsyncIterator[None]:
        """Go on when it is the account's turn."""
        turn = self._turns.get(account)
        if turn is None:
            turn = self._turns[account] = _Turn()
        turn.waiting += 1
        try:
            await turn.acquire()
        finally:
            turn.waiting -= 1
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield
        finally:
            loop.call_later(self._rests * (loop.time() - began), turn.release)


class Aside:
    """A few threads, and whose turn it is."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "aldis-aside")
        self._turns = Turns()

    def is_taken(self, account: str) -> bool:
        """Tell whether so much waits for an account's turn that no more is to be begun for it."""
        return self._turns.are_taken(account)

    async def run(
        self,
        account: str,
        function: Callable[Arguments, Found],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Found:
        """Call a function there when it is the turn of an account, or of an address where nobody has said who
        asks.
        """
        async with self._turns.of(account):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, lambda: function(*arguments, **named))

    def close(self) -> None:
        """End after what is under way."""
        self._threads.shutdown(wait=False)


def free_gradually(objects: list[Any]) -> None:
    """Free objects that nobody else keeps, some in each turn of the loop: ten thousand together take some
    milliseconds, in which nobody else has a turn.
    """
    del objects[-FREED_AT_ONCE:]
    if objects:
        asyncio.get_running_loop().call_soon(free_gradually, objects)
