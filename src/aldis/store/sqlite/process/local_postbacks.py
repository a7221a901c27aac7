"""The store as the poster sees it that lives in the writer's process: what a transaction made due is known as
it commits, and what came of tries goes into the next transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from aldis.accounts.directory import Directory
from aldis.store.contract.outbox import EndedWebhook
from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.engine.connection import RETRY_MS, open_reader
from aldis.store.sqlite.engine.operations import Call
from aldis.store.sqlite.engine.transactions import Ran, Transactions
from aldis.store.sqlite.reads import directory
from aldis.store.sqlite.reads.due import DuePostbacks
from aldis.store.sqlite.writes import postbacks
from aldis.traffic.postback import PostbackResult, Webhook

#: how long results wait for a transaction of the gateway's to travel in
COMPANY_S = 0.002


class LocalPostbacks(DuePostbacks):
    """A `PostbackStore` beside the writing connection, on one event loop with it."""

    def __init__(
        self,
        path: Path,
        transactions: Transactions,
        is_behind: Callable[[], bool],
        on_broken: Callable[[], None],
    ) -> None:
        """`is_behind`: tells whether whoever posts should rather wait for the newest directory; `on_broken`:
        is told when a transaction broke off, so that nobody knows what was kept.
        """
        super().__init__(open_reader(path))
        self._loop = asyncio.get_running_loop()
        self._path = path
        self._transactions = transactions
        self._finished: list[tuple[Call, asyncio.Future[None]]] = []
        self._is_behind = is_behind
        self._on_broken = on_broken

    def run(self, batch: Sequence[Call]) -> Ran:
        """Run a batch in one transaction with the results that wait; returns what came of the batch."""
        finished, self._finished = self._finished, []
        calls = [*batch, *(call for call, _ in finished)]
        ran = self._transactions.run(calls)
        self.note(calls, ran)
        for (_, future), outcome in zip(finished, ran.outcomes[len(batch) :], strict=True):
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(None)
        return Ran(ran.outcomes[: len(batch)], [], ran.commits)

    async def lanes(self, after: str, limit: int, now: int) -> list[str]:
        """Name none while the directory is behind."""
        return [] if self._is_behind() else await super().lanes(after, limit, now)

    async def finish(self, results: Sequence[PostbackResult], _leases: Collection[Lease] = (), /) -> None:
        await self._soon((postbacks.finish, tuple(results)))

    async def end_webhook(self, webhook: Webhook, now: int, _leases: Collection[Lease] = (), /) -> None:
        await self._soon((postbacks.end_webhooks, EndedWebhook(*webhook, now)))
        self.note_ended(webhook)

    def _soon(self, call: Call) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        if not self._finished:
            self._loop.call_later(COMPANY_S, self._finish)
        self._finished.append((call, future))
        return future

    def begin(self) -> bool:
        """Begin the transaction of the next `run`; False: somebody else writes, ask again in a moment."""
        return self._transactions.begin()

    def _finish(self) -> None:
        if not self._finished:
            return
        if not self.begin():
            self._loop.call_later(RETRY_MS / 1000, self._finish)
            return
        try:
            self.run([])
            self._transactions.rest()
        except Exception:  # an outermost frame: nobody waits for this one who would end the process
            self._on_broken()
            raise

    def directory_version(self) -> int:
        """Tell whether the directory has changed: a number that grows."""
        return directory.version(self._reader)

    async def directory(self) -> Directory:
        """Give the newest snapshot: read in a thread, because transactions must not wait for it."""
        return await asyncio.to_thread(_load, self._path)

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


def _load(path: Path) -> Directory:
    reader = open_reader(path)
    try:
        return directory.load(reader)
    finally:
        reader.close()
