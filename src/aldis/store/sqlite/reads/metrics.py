"""The counts that metrics show, and the minutes that are kept."""

from __future__ import annotations

import apsw

from aldis.store.contract.metrics import Backlog
from aldis.store.sqlite.engine.rows import every, in_state, one
from aldis.traffic.states import State


def backlog(db: apsw.Connection) -> Backlog:
    """Count what waits: messages from the claim index, postbacks from that of what is due."""
    queued: dict[str, dict[int, int]] = {}
    waits = in_state(State.QUEUED)
    sql = f"SELECT link, priority, count(*) FROM message WHERE {waits} GROUP BY link, priority"  # noqa: S608 - a constant
    for link, priority, count in every(db, sql):
        queued.setdefault(link, {})[priority] = count
    return Backlog(queued, one(db, "SELECT count(*) FROM postback WHERE due_at IS NOT NULL"))


def count_by_state(db: apsw.Connection) -> dict[str, int]:
    """Count all messages; a scan."""
    return dict(every(db, "SELECT state, count(*) FROM message GROUP BY state"))


def minutes(db: apsw.Connection, since: int) -> list[bytes]:
    """Give the minutes that are kept."""
    sql = "SELECT sample FROM minute WHERE at >= ? ORDER BY at"
    return [sample for (sample,) in every(db, sql, (since,))]
