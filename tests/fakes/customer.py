"""A customer's web server: takes postbacks, answers as told, remembers what came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import parse_qs

from aiohttp import web


@dataclass(frozen=True)
class Came:
    """One request that came."""

    method: str
    path: str
    query: str
    content_type: str
    body: bytes
    #: names in lower case
    headers: dict[str, str]

    @property
    def form(self) -> dict[str, str]:
        return {
            name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()
        }


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """A server that takes connections and never says a word; gives its address."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    server.close()


@asynccontextmanager
async def raw_server(octets: bytes, *, hangs: bool = False) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A server that reads each request and answers with these octets, then closes or hangs; gives its address, and
    what is set when it has answered.
    """
    answered, over = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # a look whether we are there
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0))
            writer.write(octets)
            await writer.drain()
            answered.set()
            if hangs:
                await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", answered
    over.set()
    server.close()


class FakeCustomer:
    """Listens on loopback; `answers` are used up one by one, then it is 200."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self.answers: list[int] = []
        #: paths at which it never answers
        self.hangs: set[str] = set()
        self._stopped = asyncio.Event()
        self.port = 0
        self._arrived = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        addresses = self._runner.addresses
        self.port = int(addresses[0][1])

    async def stop(self) -> None:
        self._stopped.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait_for(self, count: int, path: str = "") -> list[Came]:
        """Wait until so many requests to a path have come; the test's own time limit ends a vain wait."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.to(path)) >= count)
        return self.to(path)

    def to(self, path: str) -> list[Came]:
        return [came for came in self.came if came.path.endswith(path)]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = request.url.raw_query_string
        came = Came(request.method, request.path, query, request.content_type, body, headers)
        async with self._arrived:
            self.came.append(came)
            self._arrived.notify_all()
        if request.path in self.hangs:
            await self._stopped.wait()
        status = self.answers.pop(0) if self.answers else 200
        return web.Response(status=status, text="OK", headers={"Location": "http://127.0.0.1/elsewhere"})
