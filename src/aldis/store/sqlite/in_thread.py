"""Runs the writer's transactions in a thread: for commands, for tests, and where there is one core."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aldis.store.sqlite.transactions import Call, Ran, Transactions


class ThreadRunner:
    """`writer.Runner` in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "aldis-store-writer")
        self._transactions = self._thread.submit(Transactions, path).result()

    async def run(self, batch: Sequence[Call]) -> Ran:
        """See `writer.Runner.run`."""
        return await self._loop.run_in_executor(self._thread, self._run, batch)

    def _run(self, batch: Sequence[Call]) -> Ran:
        self._transactions.rest()
        return self._transactions.run(batch)

    async def close(self) -> None:
        """See `writer.Runner.close`."""
        await self._loop.run_in_executor(self._thread, self._transactions.close)
        self._thread.shutdown()
