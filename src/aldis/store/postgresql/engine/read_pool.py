"""Reads: some connections, with a bound on who waits for one.

Of those whose reads may take long none may keep another waiting, so each class of readers has a pool. Each
statement of a read sees what was committed when it starts. It asks the primary, as all that the hot path
reads must; one that was deposed and does not know it yet may still answer, so nothing that is sent depends on
a read alone, but on a lease that was renewed by a commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

import asyncpg

from aldis.errors import SettingsError, StoreUnavailable
from aldis.store.postgresql.engine.faults import FAULTS, is_lost, translated
from aldis.store.postgresql.engine.lane import Connect

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")


class ReadPool:
    """The connections of one class of readers, made when they are first needed."""

    def __init__(self, connect: Connect, connections: int, most: int | None = None) -> None:
        """`most`: how many reads may be under way or wait; None: no bound."""
        self._connect = connect
        self._turns = asyncio.Semaphore(connections)
        self._connections = connections
        self._most = most
        self._under_way = 0
        self._free: list[asyncpg.Connection] = []

    async def ask(
        self,
        read: Callable[Concatenate[asyncpg.Connection, Arguments], Awaitable[Found]],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Found:
        """Read when it is our turn. Raises StoreUnavailable, also when too many wait already."""
        if self._most is not None and self._under_way >= self._most:
            raise StoreUnavailable("too many questions at once")
        self._under_way += 1
        try:
            async with self._turns:
                return await self._read(lambda db: read(db, *arguments, **named))
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """End the connections after the reads that are under way."""
        for _ in range(self._connections):
            await self._turns.acquire()
        for db in self._free:
            db.terminate()
        self._free.clear()

    async def _read(self, read: Callable[[asyncpg.Connection], Awaitable[Found]]) -> Found:
        """Read, once more on a new connection where one that had waited here turns out to be lost."""
        while self._free:
            db = self._free.pop()
            try:
                return await self._read_on(db, read)
            except StoreUnavailable:
                if not db.is_closed():
                    raise
        try:
            db = await self._connect()
        except SettingsError as fault:  # what keeps us from it now may pass: it has not always
            raise StoreUnavailable(str(fault)) from None
        return await self._read_on(db, read)

    async def _read_on(
        self, db: asyncpg.Connection, read: Callable[[asyncpg.Connection], Awaitable[Found]]
    ) -> Found:
        try:
            return await read(db)
        except FAULTS as fault:
            if is_lost(fault):
                db.terminate()
            raise translated(fault) from None
        finally:
            if not db.is_closed():
                self._free.append(db)
