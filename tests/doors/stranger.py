"""A raw connection to the door, as a stranger's program would have it."""

from __future__ import annotations

import asyncio

from aldis.doors.http.server import HttpServer


class Stranger:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def at(cls, server: HttpServer) -> Stranger:
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def say(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(head.split()[1]), await self.reader.readexactly(length)

    async def is_closed(self) -> bool:
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    def leave(self) -> None:
        self.writer.close()


async def ask(server: HttpServer, octets: bytes) -> tuple[int, bytes]:
    stranger = await Stranger.at(server)
    await stranger.say(octets)
    answer = await stranger.answer()
    stranger.leave()
    return answer
