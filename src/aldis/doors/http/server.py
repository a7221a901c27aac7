"""Listens, and ends in good order: for the customers' door, the simulator's view and the demo's receiver."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec

from aldis.doors.http.answers import Answers
from aldis.doors.http.guard import Guard, GuardLimits
from aldis.doors.http.request_batcher import FAILED, RequestBatcher
from aldis.doors.http.session import AnswerLate, HttpSession, Refuse, Serve, Site, in_our_own_words
from aldis.errors import SettingsError

BACKLOG = 2048
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
    #: which settings these are, for faults
    section: str = "[http]"
    #: how long requests under way may take when the server stops
    grace_s: float = 5.0


class HttpConnection(HttpSession, asyncio.Protocol):
    """A session as asyncio has it: its callbacks are the session's own, called without a detour."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, asyncio.get_running_loop().time)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the session with who asks."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        # uvloop's transports do not inherit from asyncio's
        self.opened(cast("asyncio.Transport", transport), address)


class HttpServer:
    """One listening socket."""

    def __init__(
        self,
        serve: Serve,
        settings: ServerSettings,
        entropy: Callable[[int], int],
        unix_s: Callable[[], float],
        answer_late: AnswerLate = lambda _request: FAILED,
        refuse: Refuse = in_our_own_words,
    ) -> None:
        """`answer_late`: answers what `serve` has not within the guard's `answer_s`; `refuse`: what cannot be
        read.
        """
        self._settings = settings
        self._tls = _tls(settings)
        self._socket = _listen(settings.host, settings.port)
        origin = settings.public_url.rstrip("/") or ("http://" if self._tls is None else "https://")
        self._site = Site(
            RequestBatcher(serve).ask,
            Guard(settings.guard),
            entropy,
            Answers(unix_s),
            origin,
            answer_late,
            is_tls=self._tls is not None,
        )
        self._site.refuse = refuse
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Accept connections from now on."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: HttpConnection(self._site), sock=self._socket, ssl=self._tls, backlog=BACKLOG
        )
        self._sweeping = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Finish what is under way, then close."""
        self._site.is_closing = True
        if self._server is not None:
            self._server.close()
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
        self._socket.close()

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        limits = self._settings.guard
        period = min(SWEEP_S, limits.header_s / 4, limits.body_s / 4, limits.idle_s / 4, limits.answer_s / 4)
        while True:
            await asyncio.sleep(period)
            now = loop.time()
            for connection in list(self._site.sessions):
                connection.sweep(now)


def _tls(settings: ServerSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as fault:
        raise SettingsError([f"the certificate of {settings.section} cannot be used: {fault}"]) from None
    return context


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with its protocol named, or asyncio leaves Nagle on: 40 ms an answer
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as fault:
        listening.close()
        raise SettingsError(
            [f"cannot listen on {host}:{port}: {fault.strerror}; is something else running there?"]
        ) from None
    listening.setblocking(False)
    return listening
