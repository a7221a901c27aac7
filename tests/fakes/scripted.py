"""An endpoint that says what it was told to say, octet by octet."""

from __future__ import annotations

import asyncio
from contextlib import suppress

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


class Scripted:
    """A server that answers each request on each connection with the octets it was given, and then closes, or
    says no more.
    """

    def __init__(self, *scripts: list[bytes | None], closes: bool = True, port: int = 0) -> None:
        self.scripts = list(scripts)
        self.closes = closes
        self.port = port
        self.connections = 0
        self.requests: list[bytes] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for octets in script:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(length))
                if octets is None:
                    break
                writer.write(octets)
                await writer.drain()
        if self.closes:
            writer.close()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def __aexit__(self, *_fault: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
