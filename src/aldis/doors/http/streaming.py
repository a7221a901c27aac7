"""Requests whose bodies are taken in pieces: handed over when their head has come, for applications that look
at who asks before they read what he sends.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from aldis.dialects.exchange import HttpRequest
from aldis.doors.http.answers import KEEP_ALIVE
from aldis.doors.http.assembler import BETWEEN, BODY, ENDED, MAX_PIPELINED, RequestAssembler
from aldis.doors.http.guard import BodyBudget, GuardLimits


class RequestBody:
    """A body on its way: what has come of it and was not taken yet."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        #: that came, and of those that wait to be taken
        self.octets = self.waiting_octets = 0
        self.is_whole = False
        #: what is left of it will not come
        self.is_broken = False
        #: set when any of this changes
        self.news = asyncio.Event()

    def feed(self, piece: bytes) -> None:
        """Take a piece that came."""
        self._pieces.append(piece)
        self.octets += len(piece)
        self.waiting_octets += len(piece)
        self.news.set()

    def end(self) -> None:
        """Hear that all of it has come."""
        self.is_whole = True
        self.news.set()

    def break_off(self) -> None:
        """Hear that no more of it comes."""
        self.is_broken = not self.is_whole
        self.news.set()

    def take(self) -> bytes:
        """Give what waits."""
        pieces, self._pieces, self.waiting_octets = self._pieces, [], 0
        return b"".join(pieces)


class StreamAssembler(RequestAssembler):
    """As its parent, with the body of each request apart from it, in `bodies`. How much of it is too much the
    application says, which sees the length that was announced.
    """

    def __init__(
        self,
        address: str,
        limits: GuardLimits,
        entropy: Callable[[int], int],
        origin: str,
        bodies: BodyBudget,
    ) -> None:
        super().__init__(address, limits, entropy, origin, bodies)
        #: of `requests`, in their order
        self.bodies: deque[RequestBody] = deque()
        #: of the request whose head came last
        self._streamed: RequestBody | None = None

    def on_message_begin(self) -> None:
        self._streamed = None
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.phase is not BODY:
            return
        asked = self.refused()
        if asked is None or len(self.requests) >= MAX_PIPELINED:
            self._end(400 if asked is None else 431)
            return
        self._body_octets = 0
        self._streamed = RequestBody()
        self.bodies.append(self._streamed)
        method = self._parser.get_method().decode("ascii")
        request: HttpRequest = msgspec.structs.replace(asked, method=method, body_fits=True)
        self.requests.append((request, KEEP_ALIVE if self._version == "1.0" else b""))

    def on_body(self, body: bytes) -> None:
        if self.phase is BODY and self._streamed is not None:
            self._body_octets += len(body)
            self._count_piece()
            self._streamed.feed(body)

    def _complete(self, *, is_last: bool) -> None:
        if self._streamed is None:
            return  # announced as more than a door drains, and not handed over yet
        self.wants_continue = False
        self._streamed.end()
        self.phase = ENDED if is_last else BETWEEN

    def _end(self, fault: int) -> None:
        super()._end(fault)
        if self._streamed is not None:
            self._streamed.break_off()
