"""Implements `MetricsStore`."""

from __future__ import annotations

import apsw

from aldis.store.contract.metrics import Backlog
from aldis.store.sqlite.engine.rows import every, in_state, one, whole
from aldis.store.sqlite.stores.connections import Connections, in_a_thread
from aldis.store.sqlite.writes import metrics
from aldis.traffic.states import State


def _backlog(db: apsw.Connection) -> Backlog:
    """Count what waits: messages from the claim index, postbacks from that of what is due."""
    queued: dict[str, dict[int, int]] = {}
    waits = f"{in_state(State.QUEUED)} AND {whole()}"
    sql = f"SELECT link, priority, count(*) FROM message WHERE {waits} GROUP BY link, priority"  # noqa: S608 - a constant
    for link, priority, count in every(db, sql):
        queued.setdefault(link, {})[priority] = count
    return Backlog(queued, one(db, "SELECT count(*) FROM postback WHERE due_at IS NOT NULL"))


def _count_by_state(db: apsw.Connection) -> dict[str, int]:
    """Count all messages; a scan."""
    return dict(every(db, f"SELECT state, count(*) FROM message WHERE {whole()} GROUP BY state"))  # noqa: S608 - a constant


def _minutes(db: apsw.Connection, since: int) -> list[bytes]:
    sql = "SELECT sample FROM minute WHERE at >= ? ORDER BY at"
    return [sample for (sample,) in every(db, sql, (since,))]


class SqliteMetrics(Connections):
    """Counts in the gateway's own thread."""

    backlog = in_a_thread(_backlog)
    count_by_state = in_a_thread(_count_by_state)
    minutes = in_a_thread(_minutes)

    @property
    def commits(self) -> int:
        return self.writer.commits

    async def keep_minute(self, at: int, sample: bytes, purge_before: int) -> None:
        await self.writer.call(metrics.keep_minute, metrics.Minute(at, sample, purge_before))
