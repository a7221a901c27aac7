"""Knows the primary from one that was deposed and does not know it: frozen while another was promoted, or cut
off.

Such a server takes reads, and writes that it can no longer commit. What was committed behind its back it does
not show: a claim read there gives out messages that were sent already, under a lease that is renewed
elsewhere. Each promotion raises the timeline. So once one connection of a process has found a higher one,
those to servers with a lower one end, and none is taken any more. Source: PostgreSQL 18 §25.3.6 "Timelines".
"""

from __future__ import annotations

from weakref import WeakSet

import asyncpg

_LOG_FILE = "SELECT pg_walfile_name(pg_current_wal_lsn())"
#: hexadecimal digits of the timeline, which the name of a file of the log begins with
_DIGITS = 8


async def timeline_of(db: asyncpg.Connection) -> int:
    """Give the timeline that a primary writes; 0: this kind of server tells none.

    Raises asyncpg.ObjectNotInPrerequisiteStateError where it has become a standby.
    """
    try:
        return int((await db.fetchval(_LOG_FILE))[:_DIGITS], 16)
    except (
        asyncpg.FeatureNotSupportedError,
        asyncpg.UndefinedFunctionError,
        asyncpg.InsufficientPrivilegeError,
    ):
        return 0


class NewestPrimary:
    """The connections of one process to the primary with the highest timeline that any of them has seen."""

    def __init__(self) -> None:
        self._timeline = 0
        self._open: WeakSet[asyncpg.Connection] = WeakSet()

    def take(self, db: asyncpg.Connection, timeline: int) -> bool:
        """Take a new connection, and end those to servers that this one has replaced; False: it is to such a
        one itself.
        """
        if timeline < self._timeline:
            return False
        if timeline > self._timeline:
            self._timeline = timeline
            for each in self._open:
                each.terminate()
            self._open = WeakSet()
        self._open.add(db)
        return True
