"""Implements `MetricsStore`."""

from __future__ import annotations

import asyncpg

from aldis.store.contract.metrics import Backlog
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import metrics


async def _backlog(db: asyncpg.Connection) -> Backlog:
    """Count what waits."""
    queued: dict[str, dict[int, int]] = {}
    rows = await db.fetch(
        "SELECT link, priority, count(*) FROM queue WHERE NOT is_marked GROUP BY link, priority"
    )
    for link, priority, count in rows:
        queued.setdefault(link, {})[priority] = count
    return Backlog(queued, await db.fetchval("SELECT count(*) FROM pending_postback"))


async def _count_by_state(db: asyncpg.Connection) -> dict[str, int]:
    """Count all messages; a scan."""
    rows = await db.fetch("""
        SELECT state, count(*) FROM ended GROUP BY state
        UNION ALL SELECT 'sent', count(*) FROM sent HAVING count(*) > 0
        UNION ALL SELECT CASE WHEN is_marked THEN 'sending' ELSE 'queued' END, count(*) FROM queue
                  GROUP BY is_marked""")
    return dict(row[:] for row in rows)


async def _minutes(db: asyncpg.Connection, since: int) -> list[bytes]:
    return [
        row[0] for row in await db.fetch("SELECT sample FROM minute WHERE at >= $1 ORDER BY at, node", since)
    ]


class PostgresqlMetrics(Connections):
    """Counts, which scan what waits, with what operators may ask."""

    #: whose minutes we keep
    node: str

    backlog = from_pool(_backlog)
    count_by_state = from_pool(_count_by_state)
    minutes = from_pool(_minutes)

    @property
    def commits(self) -> int:
        return self.writer.commits

    async def keep_minute(self, at: int, sample: bytes, purge_before: int) -> None:
        await self.writer.call(metrics.keep_minute, metrics.Minute(at, self.node, sample, purge_before))
