"""Runs an ASGI app on uvicorn inside our own event loop, behind the guard. Also serves the simulator's view
and the demo's receiver.

Signals are the application's business, not the server's: `stop` ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Generator
from pathlib import Path
from typing import cast

import msgspec
import uvicorn
from uvicorn._types import ASGIApplication

from aldis.doors.http.guard import Guard, GuardedProtocol, GuardLimits
from aldis.errors import SettingsError

BACKLOG = 2048


class ServerSettings(msgspec.Struct, frozen=True):
    """Where to listen and how."""

    host: str
    port: int
    guard: GuardLimits = GuardLimits()
    certificate: Path | None = None
    key: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    #: how long requests under way may take when the server stops
    grace_s: int = 5


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class HttpServer:
    """One listening socket."""

    def __init__(self, app: ASGIApplication, settings: ServerSettings) -> None:
        self._socket = _listen(settings.host, settings.port)
        protocol = functools.partial(GuardedProtocol, guard=Guard(settings.guard))
        self._server = _Server(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", protocol),
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="error",
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
                ssl_certfile=settings.certificate,
                ssl_keyfile=settings.key,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=settings.grace_s,
                backlog=BACKLOG,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Accept connections from now on."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Finish what is under way, then close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
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
