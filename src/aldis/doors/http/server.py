"""Listens, and ends in good order: for the customers' door, the simulator's view and the demo's receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec

from aldis.doors.http.answers import FOR_PROGRAMS, Answers
from aldis.doors.http.guard import BodyBudget, GuardLimits
from aldis.doors.http.request_batcher import FAILED, RequestBatcher
from aldis.doors.http.session import (
    AnswerLate,
    HttpSession,
    Refuse,
    Serve,
    SessionTransport,
    Site,
    in_our_own_words,
)
from aldis.listening.guard import Guard
from aldis.listening.listener import ListenerSettings, SocketListener
from aldis.listening.slot import ConnectionSlot

#: how often deadlines are looked at, at least
SWEEP_S = 0.25


class ServerSettings(msgspec.Struct, frozen=True):
    """Where to listen and how."""

    host: str
    port: int
    guard: GuardLimits = GuardLimits()
    certificate: Path | None = None
    key: Path | None = None
    #: scheme and host as customers write them; "": as each request says
    public_url: str = ""
    #: whose these are, for faults
    name: str = "the door"
    #: how long requests under way may take when the server stops
    grace_s: float = 5.0


class Server:
    """One listening socket, whatever answers its requests."""

    def __init__(
        self,
        settings: ServerSettings,
        entropy: Callable[[int], int],
        unix_s: Callable[[], float],
        answer_late: AnswerLate,
        refuse: Refuse,
        common: bytes = FOR_PROGRAMS,
    ) -> None:
        """`answer_late`: answers what was not answered within the guard's `answer_s`; `refuse`: what cannot
        be read. `common`: header lines of every reply.
        """
        self._settings = settings
        limits = settings.guard
        self.guard = Guard(limits)
        where = ListenerSettings(
            settings.host, settings.port, settings.certificate, settings.key, limits.header_s, settings.name
        )
        self._listener = SocketListener(where, self.guard, self._speak)
        scheme = "https://" if self._listener.is_tls else "http://"
        self._site = Site(
            answer_late=answer_late,
            refuse=refuse,
            limits=limits,
            entropy=entropy,
            answers=Answers(unix_s, common),
            origin=settings.public_url.rstrip("/") or scheme,
            is_tls=self._listener.is_tls,
            bodies=BodyBudget(limits.bodies_octets),
        )
        self._sweeping: asyncio.Task[None] | None = None

    def _speak(self, slot: ConnectionSlot) -> asyncio.Protocol:
        """Give the protocol of a connection."""
        raise NotImplementedError

    @property
    def port(self) -> int:
        """The port, also where 0 was asked for."""
        return self._listener.port

    @property
    def url(self) -> str:
        """Where people find it."""
        host = self._settings.host
        where = f"[{host}]" if ":" in host else host
        return f"{'https' if self._listener.is_tls else 'http'}://{where}:{self.port}/"

    async def start(self) -> None:
        """Accept connections from now on."""
        await self._listener.start()
        self._sweeping = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Finish what is under way, then close."""
        self._site.is_closing = True
        self._listener.close()
        for connection in list(self._site.sessions):
            connection.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.grace_s):
                while self._site.sessions:
                    await asyncio.sleep(0.01)
        for connection in list(self._site.sessions):
            connection.abort()
        if self._sweeping is not None:
            self._sweeping.cancel()

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        limits = self._settings.guard
        period = min(SWEEP_S, limits.header_s / 4, limits.body_s / 4, limits.idle_s / 4, limits.answer_s / 4)
        while True:
            await asyncio.sleep(period)
            now = loop.time()
            for connection in list(self._site.sessions):
                connection.sweep(now)


class HttpServer(Server):
    """A listening socket whose requests come whole, and are served round by round."""

    def __init__(
        self,
        serve: Serve,
        settings: ServerSettings,
        entropy: Callable[[int], int],
        unix_s: Callable[[], float],
        answer_late: AnswerLate = lambda _request: FAILED,
        refuse: Refuse = in_our_own_words,
    ) -> None:
        super().__init__(settings, entropy, unix_s, answer_late, refuse)
        self._serve = RequestBatcher(serve).ask

    def _speak(self, slot: ConnectionSlot) -> asyncio.Protocol:
        return HttpConnection(self._site, slot, asyncio.get_running_loop().time, self._serve)


class HttpConnection(HttpSession, asyncio.Protocol):
    """A session as asyncio has it: its callbacks are the session's own, called without a detour."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the session."""
        self.opened(cast("SessionTransport", transport))
