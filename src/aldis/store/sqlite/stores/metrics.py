"""Implements `MetricsStore`."""

from __future__ import annotations

import msgspec

from aldis.store.contract.metrics import Backlog
from aldis.store.sqlite.engine.read_pool import Scans
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.reads import messages
from aldis.store.sqlite.writes import watching


class SqliteMetrics(msgspec.Struct, frozen=True):
    """`scans`: for the gateway itself, `operators`: for people who look."""

    writer: Writer
    scans: Scans
    operators: Scans

    @property
    def commits(self) -> int:
        return self.writer.commits

    async def backlog(self) -> Backlog:
        return await self.scans.ask(watching.backlog)

    async def count_by_state(self) -> dict[str, int]:
        return await self.scans.ask(messages.count_by_state)

    async def keep_minute(self, at: int, sample: bytes, forget_before: int) -> None:
        await self.writer.call(watching.keep_minute, watching.Minute(at, sample, forget_before))

    async def minutes(self, since: int) -> list[bytes]:
        return await self.operators.ask(watching.minutes, since)
