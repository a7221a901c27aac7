"""Where what takes long is done for customers, beside the event loop: judging large submissions, writing
large answers. Apart from the threads that check passwords, read the store or write files.

Each account has one thing done at a time, so that whoever asks for much waits for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")

#: a second one, so that nobody waits for a single account; more would only share one interpreter
THREADS = 2


class Turns:
    """Lets one at a time of each account go on."""

    def __init__(self) -> None:
        #: while anybody holds or awaits them
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, account: str) -> asyncio.Lock:
        """Give the account's lock."""
        lock = self._locks.get(account)
        if lock is None:
            lock = self._locks[account] = asyncio.Lock()
        return lock


class Aside:
    """A few threads, and whose turn it is."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "aldis-aside")
        self._turns = Turns()

    async def run(
        self,
        account: str,
        function: Callable[Arguments, Found],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Found:
        """Call a function there when it is the account's turn; "": of all who have not said who they are."""
        async with self._turns.of(account):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, lambda: function(*arguments, **named))

    def close(self) -> None:
        """End after what is under way."""
        self._threads.shutdown(wait=False)
