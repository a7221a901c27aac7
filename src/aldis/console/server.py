"""Runs the console's application on its own address, inside the gateway's loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.applications import Starlette

from aldis.errors import SettingsError

#: how long pages under way may take when the gateway stops; live ones never end by themselves
GRACE_S = 1


class _Quiet(uvicorn.Server):
    """uvicorn, which leaves signals to the gateway."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class ConsoleServer:
    """One listening address."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        self._where = f"{host}:{port}"
        self._host = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=200,
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = _Quiet(config)
        self._socket = self._listen(config)
        self._task: asyncio.Task[None] | None = None

    def _listen(self, config: uvicorn.Config) -> socket.socket:
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        # with its protocol named, or asyncio leaves Nagle on: 40 ms an answer
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((config.host, config.port))
        except OSError as fault:
            listening.close()
            raise SettingsError(
                [f"the console cannot listen on {self._where}: {fault.strerror}; is something else there?"]
            ) from None
        listening.setblocking(False)
        return listening

    @property
    def port(self) -> int:
        """The port, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Where people find it."""
        return f"http://{self._host}:{self.port}/"

    async def start(self) -> None:
        """Serve from now on."""
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish what is under way within a moment, then close."""
        self._server.should_exit = True
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task
