"""Reads that may take long: in a thread, one at a time on a connection of their own, with a bound on who
waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import apsw

from aldis.errors import StoreUnavailable
from aldis.store.sqlite.engine.connection import open_reader

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")


class ReadPool:
    """One queue of long reads."""

    def __init__(self, path: Path, most: int | None = None) -> None:
        """`most`: how many may be under way or wait; None: no bound."""
        self._db = open_reader(path)
        self._most = most
        self._under_way = 0
        self._turn = asyncio.Lock()

    async def ask(
        self,
        read: Callable[Concatenate[apsw.Connection, Arguments], Found],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Found:
        """Read when it is our turn. Raises StoreUnavailable when too many wait already."""
        if self._most is not None and self._under_way >= self._most:
            raise StoreUnavailable("too many questions at once")
        self._under_way += 1
        try:
            await self._turn.acquire()
        except asyncio.CancelledError:
            self._under_way -= 1
            raise
        reading = asyncio.ensure_future(asyncio.to_thread(read, self._db, *arguments, **named))
        reading.add_done_callback(self._end)
        return await asyncio.shield(reading)

    def _end(self, reading: asyncio.Future[Any]) -> None:
        """Let the next have its turn: only now, because a thread goes on when whoever asked has left."""
        self._under_way -= 1
        self._turn.release()
        if not reading.cancelled():
            reading.exception()  # nobody may be left to hear of it

    async def close(self) -> None:
        """Close the file after the read that is under way."""
        async with self._turn:
            self._db.close()
