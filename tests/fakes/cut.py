"""A way to PostgreSQL that breaks at a commit: before the server has it, or after the server has said yes."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Self

#: as the simple protocol sends it. Source: PostgreSQL 18 §54.7, Query (F)
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
OCTETS = 65_536


class Cut(Enum):
    """What becomes of a commit, and of the connection."""

    BEFORE = "the server never has it; both ends are closed"
    AFTER = "the server has done it; both ends are closed instead of the answer"
    LOST = "the server never has it, and nobody is told"
    UNANSWERED = "the server has done it, and nobody is told"

    @property
    def is_kept(self) -> bool:
        """Whether the server commits."""
        return self in {Cut.AFTER, Cut.UNANSWERED}

    @property
    def is_silent(self) -> bool:
        """Whether both ends stay open."""
        return self in {Cut.LOST, Cut.UNANSWERED}


class CutWay:
    """Listens on the loopback, and passes on to a port of the loopback."""

    def __init__(self, to: int) -> None:
        self._to = to
        #: what happens at the next commit; None: nothing
        self.next: Cut | None = None
        #: whether nobody is let through
        self.is_closed = False
        self._ways: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._ways.add(task)
        try:
            if not self.is_closed:
                await _Way(self, reader, writer, *await asyncio.open_connection("127.0.0.1", self._to)).run()
        except OSError:
            pass
        finally:
            writer.transport.abort()
            self._ways.discard(task)

    @property
    def is_due(self) -> bool:
        """Whether it has still to happen."""
        return self.next is not None

    def take(self) -> Cut | None:
        """Give what happens at this commit, once."""
        cut, self.next = self.next, None
        return cut


class _Way:
    """One connection."""

    def __init__(
        self,
        of: CutWay,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._of = of
        self._client, self._to_client = client, to_client
        self._server, self._to_server = server, to_server
        self._cut: Cut | None = None

    async def run(self) -> None:
        """Pass on until one end closes, or the way is cut."""
        passing = [asyncio.ensure_future(self._ask()), asyncio.ensure_future(self._answer())]
        try:
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in passing:
                each.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
            self._to_server.transport.abort()

    async def _ask(self) -> None:
        while data := await self._client.read(OCTETS):
            if COMMIT in data and (cut := self._of.take()):
                self._cut = cut
                if not cut.is_kept:
                    if cut.is_silent:
                        continue
                    return
            self._to_server.write(data)

    async def _answer(self) -> None:
        while data := await self._server.read(OCTETS):
            if self._cut is None:
                self._to_client.write(data)
            elif not self._cut.is_silent:
                return
