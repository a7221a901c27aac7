"""The simulated SMSC's listener: accepts binds, ticks them, and stops without forgetting what it owes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aldis.listening.guard import ConnectionLimits, Guard
from aldis.listening.listener import ListenerSettings, SocketListener
from aldis.simulator.memory import Memory
from aldis.simulator.session import SmscSession

TICK_S = 0.5
#: how long the receipts that are pending may take when the simulator stops
DRAIN_S = 5.0
#: binds of one customer are mostly from one address
LIMITS = ConnectionLimits(connections=200, connections_per_address=200)


class Smsc:
    """A listening SMPP server."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._sessions: set[SmscSession] = set()
        self._listener: SocketListener | None = None
        self._ticker: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port, also where 0 was asked for."""
        return self._listener.port if self._listener else self.memory.settings.port

    async def start(self) -> None:
        """Listen. Raises SettingsError when the port is taken."""
        settings = self.memory.settings
        where = ListenerSettings(settings.host, settings.port, name="the simulator")
        self._listener = SocketListener(
            where, Guard(LIMITS), lambda slot: SmscSession(self.memory, self._sessions, slot)
        )
        await self._listener.start()
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Take no more submits, send the receipts that are pending, unbind, close."""
        self.memory.is_stopping = True
        if self._listener is not None:
            self._listener.close()
        for session in list(self._sessions):
            session.hurry()
        deadline = self.memory.clock.monotonic() + DRAIN_S
        while (
            any(session.is_owing for session in self._sessions) and self.memory.clock.monotonic() < deadline
        ):
            await asyncio.sleep(0.02)
        for session in list(self._sessions):
            session.say_goodbye()
        await asyncio.sleep(0.1)
        for session in list(self._sessions):
            session.close()
        if self._ticker is not None:
            self._ticker.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticker

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for session in list(self._sessions):
                session.tick()
            self.memory.pump_all()
