"""Implements `MetricsStore`, and tells how a store's file is."""

from __future__ import annotations

from pathlib import Path

import apsw

from aldis.store.contract.metrics import Backlog, StoreHealth
from aldis.store.sqlite.engine.connection import open_reader
from aldis.store.sqlite.engine.rows import every, in_state, one
from aldis.store.sqlite.stores.connections import Connections, in_a_thread
from aldis.store.sqlite.writes import metrics
from aldis.traffic.states import State


def _backlog(db: apsw.Connection) -> Backlog:
    """Count what waits: messages from the claim index, postbacks from that of what is due."""
    queued: dict[str, dict[int, int]] = {}
    waits = in_state(State.QUEUED)
    sql = f"SELECT link, priority, count(*) FROM message WHERE {waits} GROUP BY link, priority"  # noqa: S608 - a constant
    for link, priority, count in every(db, sql):
        queued.setdefault(link, {})[priority] = count
    return Backlog(queued, one(db, "SELECT count(*) FROM postback WHERE due_at IS NOT NULL"))


def _count_by_state(db: apsw.Connection) -> dict[str, int]:
    """Count all messages; a scan."""
    return dict(every(db, "SELECT state, count(*) FROM message GROUP BY state"))


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


def look_over(path: Path) -> StoreHealth:
    """Open the file for reading and have SQLite check it; takes seconds for gigabytes."""
    engine = f"SQLite {apsw.sqlite_lib_version()}"
    if not path.exists():
        return StoreHealth(engine, "", 0, 0)
    try:
        db = open_reader(path)
        try:
            found = str(one(db, "PRAGMA quick_check(1)"))
            rows = every(db, "SELECT accepted_at FROM message ORDER BY message_id DESC LIMIT 1")
        finally:
            db.close()
    except apsw.Error as fault:
        return StoreHealth(engine, f"{type(fault).__name__}: {fault}", path.stat().st_size, 0)
    return StoreHealth(engine, found, path.stat().st_size, int(rows[0][0]) if rows else 0)
