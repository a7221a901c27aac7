"""Implements `TimeStore`."""

from __future__ import annotations

import apsw

from aldis.accounts.staff import AuditEntry
from aldis.store.sqlite.engine.faults import unavailable
from aldis.store.sqlite.engine.rows import first, one
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import time

_NEWEST = f"""
SELECT ifnull((SELECT value FROM counter WHERE name = '{time.BELIEVED_AT}'),
              ifnull((SELECT accepted_at FROM message ORDER BY message_id DESC LIMIT 1), 0))
"""  # noqa: S608 - a constant
#: reads that what is sent, received and posted begins with
_NEWEST_ROWS = tuple(
    f"SELECT * FROM {table} ORDER BY {table}_id DESC LIMIT 1"  # noqa: S608 - constants
    for table in ("message", "inbound", "postback")
)


def _agreed_at(db: apsw.Connection) -> int:
    row = first(db, "SELECT value FROM counter WHERE name = ?", (time.AGREED_AT,))
    return 0 if row is None else int(row[0])


class SqliteTime(Connections):
    """Pulses, and what follows when the clock is set."""

    async def pulse(self, now: int, *, is_believed: bool) -> None:
        await self.writer.call(time.pulse, time.Pulse(now, is_believed))
        try:
            for newest in _NEWEST_ROWS:
                first(self.reader, newest)
        except apsw.Error as fault:
            raise unavailable(fault, reading=True) from fault

    async def newest_instant(self) -> int:
        return int(one(self.reader, _NEWEST))

    async def agree_on_clock(self, now: int, entry: AuditEntry) -> None:
        await self.writer.call(time.agree, time.Agreement(now, entry))

    async def clock_agreed_at(self) -> int:
        return _agreed_at(self.reader)

    async def make_due(self, limit: int, now: int, longest_wait_ms: int) -> int:
        count = await self.writer.call(time.make_due, time.MakeDue(limit, now, longest_wait_ms))
        if count:
            self.claims.drop_fresh()
        return count
