"""The server's time, which all gateways share, told by the machine's monotonic clock between two looks at it.

So it does not matter what the machine's own clock says, or whether somebody sets it.
"""

from __future__ import annotations

import asyncpg

from aldis.clock import Clock

#: a correction by less is none to be seen: the clock stands until it is over
HELD_MS = 1_000
#: a machine whose clock is kept right agrees with the server's by less, if that is kept right
AGREES_MS = 1_000

_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class ServerClock:
    """Implements `aldis.clock.Clock`; before the first look it tells the machine's time."""

    def __init__(self, local: Clock) -> None:
        """`local`: the machine's."""
        self._local = local
        self.monotonic = local.monotonic
        #: milliseconds from the monotonic clock to the server's
        self._ahead = local.now() - local.monotonic() * 1000
        self._latest = 0

    def now(self) -> int:
        """Return the server's Unix time in milliseconds."""
        now = int(self.monotonic() * 1000 + self._ahead)
        if self._latest - HELD_MS < now < self._latest:
            return self._latest
        self._latest = now
        return now

    def is_synchronised(self) -> bool:
        """Tell whether the machine's clock is kept right, and the server's agrees with it."""
        return self._local.is_synchronised() and abs(self._local.now() - self.now()) < AGREES_MS

    def hear(self, server_ms: int, asked_at: float, answered_at: float) -> None:
        """Hear what the server's clock said, between two instants of the monotonic one: correct what these
        rule out, and no more.
        """
        low, high = server_ms - answered_at * 1000, server_ms + 1 - asked_at * 1000
        self._ahead = min(max(self._ahead, low), high)


async def look_at_server(db: asyncpg.Connection, clock: ServerClock) -> None:
    """Ask the server what time it is."""
    asked_at = clock.monotonic()
    server_ms = await db.fetchval(_NOW)
    clock.hear(server_ms, asked_at, clock.monotonic())
