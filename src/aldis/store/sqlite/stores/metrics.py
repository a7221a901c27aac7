"""Implements `MetricsStore`."""

from __future__ import annotations

from aldis.store.contract.metrics import Backlog
from aldis.store.sqlite.reads import metrics as reads
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import metrics


class SqliteMetrics(Connections):
    """Counts in the gateway's own thread."""

    @property
    def commits(self) -> int:
        return self.writer.commits

    async def backlog(self) -> Backlog:
        return await self.scans.ask(reads.backlog)

    async def count_by_state(self) -> dict[str, int]:
        return await self.scans.ask(reads.count_by_state)

    async def keep_minute(self, at: int, sample: bytes, purge_before: int) -> None:
        await self.writer.call(metrics.keep_minute, metrics.Minute(at, sample, purge_before))

    async def minutes(self, since: int) -> list[bytes]:
        return await self.scans.ask(reads.minutes, since)
