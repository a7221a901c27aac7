"""Implements `TimeStore`."""

from __future__ import annotations

import asyncpg

from aldis.accounts.staff import AuditEntry
from aldis.store.memory.claims import Claims
from aldis.store.memory.told_postbacks import ToldPostbacks
from aldis.store.postgresql.engine.server_clock import ServerClock, look_at_server
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import time

_NEWEST = f"""
SELECT coalesce((SELECT value FROM counter WHERE name = '{time.BELIEVED_AT}'),
                (SELECT accepted_at FROM message ORDER BY message_id DESC LIMIT 1), 0)
"""  # noqa: S608 - a constant
#: reads that what is sent, received and posted begins with
_NEWEST_ROWS = tuple(
    f"SELECT * FROM {table} ORDER BY {key} DESC LIMIT 1"  # noqa: S608 - constants
    for table, key in (
        ("message", "message_id"),
        ("queue", "message_id"),
        ("inbound", "inbound_id"),
        ("pending_postback", "postback_id"),
    )
)


async def _newest_instant(db: asyncpg.Connection) -> int:
    return int(await db.fetchval(_NEWEST))


async def _agreed_at(db: asyncpg.Connection) -> int:
    return await db.fetchval("SELECT value FROM counter WHERE name = $1", time.AGREED_AT) or 0


async def _look(db: asyncpg.Connection, clock: ServerClock | None) -> None:
    """See whether what is written can be read, and what time it is."""
    for newest in _NEWEST_ROWS:
        await db.fetchrow(newest)
    if clock is not None:
        await look_at_server(db, clock)


class PostgresqlTime(Connections):
    """Pulses, and what follows when the clock is set."""

    claims: Claims
    told: ToldPostbacks
    #: corrected at each pulse; None: time is not the server's
    clock: ServerClock | None

    newest_instant = from_pool(_newest_instant)
    clock_agreed_at = from_pool(_agreed_at)

    async def pulse(self, now: int, *, is_believed: bool) -> None:
        await self.writer.call(time.pulse, time.Pulse(now, is_believed))
        await self.reads.ask(_look, self.clock)

    async def agree_on_clock(self, now: int, entry: AuditEntry) -> None:
        await self.writer.call(time.agree, time.Agreement(now, entry))

    async def make_due(self, limit: int, now: int, longest_wait_ms: int) -> int:
        try:
            return await self.writer.call(time.make_due, time.MakeDue(limit, now, longest_wait_ms))
        finally:
            self.claims.drop_fresh()
            self.told.forget()
