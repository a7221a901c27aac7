"""Runs the writer's transactions in a thread: for commands, for tests, and where there is one core."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from aldis.store.sqlite.engine.operations import Call
from aldis.store.sqlite.engine.priority_queue import PriorityQueue
from aldis.store.sqlite.engine.transactions import Ran, Transactions
from aldis.store.sqlite.reads.postbacks import OUTBOX


class WriterThread:
    """`writer.Runner` in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "aldis-store-writer")
        self._transactions = self._thread.submit(Transactions, path, OUTBOX).result()
        self._batches: PriorityQueue[tuple[Sequence[Call], Future[Ran]]] = PriorityQueue()

    async def run(self, batch: Sequence[Call], *, is_large: bool) -> Ran:
        ran: Future[Ran] = Future()
        self._batches.add((batch, ran), is_large=is_large)
        self._thread.submit(self._run)
        return await asyncio.wrap_future(ran)

    def _run(self) -> None:
        """Run the batch whose turn it is, which need not be the one that came with this call."""
        batch, ran = self._batches.next()
        if not ran.set_running_or_notify_cancel():
            return
        try:
            self._transactions.rest()
            ran.set_result(self._transactions.run(batch))
        except Exception as fault:  # noqa: BLE001 - whoever waits must hear of it, as in `writer.Writer`
            ran.set_exception(fault)

    async def close(self) -> None:
        await self._loop.run_in_executor(self._thread, self._transactions.close)
        self._thread.shutdown()
