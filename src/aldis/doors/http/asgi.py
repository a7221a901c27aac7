"""Serves an ASGI application over the door's own connections: the same bounds, and besides them bodies and
answers in pieces. For the console, whose pages stream and take uploads; customers' requests never come here.

A connection has one request at a time, and its slot of the guard is free only when the connection is lost
and the application has ended as well: who leaves does not get rid of what it caused.
Source: ASGI HTTP connection scope 2.3.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from math import inf
from typing import Any, cast

import structlog

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.answers import CLOSE, Answers
from aldis.doors.http.assembler import BODY, MAX_DRAINED
from aldis.doors.http.request_batcher import FAILED
from aldis.doors.http.server import Server, ServerSettings
from aldis.doors.http.session import AnswerLate, HttpSession, SessionTransport, Site, in_our_own_words
from aldis.doors.http.states import ENDING, LOST, READING
from aldis.doors.http.streaming import RequestBody, StreamAssembler
from aldis.listening.slot import ConnectionSlot

log = structlog.get_logger()

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Coroutine[Any, Any, None],
]

#: octets of a body that may wait for the application
MOST_WAITING = 65_536
#: octets a second that a body must have at least, beyond the time that each may take
LEAST_OCTETS_PER_S = 16_384
#: they have no body. Source: RFC 9110 §15.3.5, §15.4.5
BODILESS = frozenset((204, 304))
DISCONNECT: Message = {"type": "http.disconnect"}


class AsgiExchange:
    """One request and its answer, as the application has them."""

    task: asyncio.Task[None]

    def __init__(
        self, session: AsgiSession, request: HttpRequest, body: RequestBody, scheme: str, *, is_old: bool
    ) -> None:
        """`is_old`: the peer speaks HTTP/1.0."""
        self.request = request
        self.body = body
        self.scheme = scheme
        #: the application waits for the body
        self.awaits_body = False
        #: the head of the answer is written
        self.has_begun = False
        #: the answer is written, or nobody is there to read it
        self.is_over = False
        #: what the answer's head must say so that the connection closes behind it was said
        self.is_last = False
        self._session = session
        self._is_old = is_old
        self._is_gone = False
        #: the application knows that the body has ended
        self._is_told = False
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._has_body = True
        self._is_chunked = False

    def lose(self) -> None:
        """Hear that nobody is there any more."""
        self.is_over = True
        self.hear_end()

    def hear_end(self) -> None:
        """Hear that the peer says no more."""
        self._is_gone = True
        self.body.break_off()

    async def receive(self) -> Message:
        """Give the next piece of the body; behind it, wait until the peer leaves."""
        body = self.body
        while True:
            if not self._is_told and (body.waiting_octets or body.is_whole):
                self._is_told = body.is_whole
                octets = body.take()
                self._session.read_on()
                return {"type": "http.request", "body": octets, "more_body": not self._is_told}
            if self._is_gone or self.is_over or body.is_broken:
                return DISCONNECT
            if not self._is_told:
                self.awaits_body = True
                self._session.read_on()
            body.news.clear()
            await body.news.wait()
            self.awaits_body = False

    async def send(self, message: Message) -> None:
        """Write the head with the first piece of the answer, and then piece by piece, as the peer reads."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message.get("headers", ()))
            return
        if self.is_over:
            return
        octets, goes_on = message.get("body", b""), message.get("more_body", False)
        head = b"" if self.has_begun else self._head(len(octets), goes_on=goes_on)
        self.has_begun, self.is_over = True, not goes_on
        await self._session.write(head + self._framed(octets))
        if self.is_over:
            self.body.news.set()

    def _head(self, octets: int, *, goes_on: bool) -> bytes:
        headers, names = self._headers, {name.lower() for name, _ in self._headers}
        self._has_body = self.request.method != "HEAD" and self._status not in BODILESS
        self.is_last = self._session.is_ending or not self.body.is_whole
        if self._has_body and b"content-length" not in names:
            if not goes_on:
                headers.append((b"content-length", b"%d" % octets))
            elif self._is_old:
                self.is_last = True
            else:
                self._is_chunked = True
                headers.append((b"transfer-encoding", b"chunked"))
        return self._session.answers.head(self._status, headers, self._session.closing(is_last=self.is_last))

    def _framed(self, octets: bytes) -> bytes:
        if not self._has_body:
            return b""
        if not self._is_chunked:
            return octets
        chunk = b"%x\r\n%b\r\n" % (len(octets), octets) if octets else b""
        return chunk + b"0\r\n\r\n" if self.is_over else chunk


class AsgiSession(HttpSession):
    """A connection that serves an application."""

    _assembler: StreamAssembler
    assembles = StreamAssembler

    def __init__(
        self, site: Site, slot: ConnectionSlot, time: Callable[[], float], run: Callable[[AsgiExchange], None]
    ) -> None:
        """`run`: starts the application for an exchange, and gives it its task."""
        super().__init__(site, slot, time, self._begin)
        self._run = run
        self._exchange: AsgiExchange | None = None
        self._began_at = 0.0
        self._is_writable = asyncio.Event()
        self._is_writable.set()
        #: octets that came behind the answer and were thrown away; None: the answer was not given yet
        self._drained: int | None = None

    # ── what exchanges ask ──

    @property
    def answers(self) -> Answers:
        """Writes heads."""
        return self._site.answers

    @property
    def is_ending(self) -> bool:
        """Whether no other request is served behind this one."""
        return self._site.is_closing or (self.state is ENDING and not self._assembler.requests)

    def closing(self, *, is_last: bool) -> bytes:
        """Give what a head must say of the connection."""
        return CLOSE if is_last else self._asked[1]

    def read_on(self) -> None:
        """Read what is left of the body, and have a peer that waits for it told to send it."""
        if not self.state.is_answering:
            return
        if self._is_paused and self._is_writable.is_set() and not self._assembler.requests:
            self._resume_reading()
        if self._assembler.wants_continue:
            self._offer_to_continue()

    async def write(self, octets: bytes) -> None:
        """Write, and wait until the peer has read enough of it."""
        if octets and not self._wire.is_closing():
            self._wire.write(octets)
        await self._is_writable.wait()

    # ── the transport's callbacks ──

    def data_received(self, data: bytes) -> None:
        """As its parent; and keep no more of a body than the application takes."""
        if self._drained is not None:
            self._drain(data)
            return
        super().data_received(data)
        if self._exchange is not None and self._exchange.body.waiting_octets > MOST_WAITING:
            self._pause_reading()

    def eof_received(self) -> bool:
        """As its parent; and tell the application, which may be streaming to nobody."""
        if self._exchange is not None:
            self._exchange.hear_end()
        return super().eof_received()

    def pause_writing(self) -> None:
        """As its parent; and let the application wait."""
        self._is_writable.clear()
        super().pause_writing()

    def resume_writing(self) -> None:
        """As its parent; and let the application go on."""
        self._is_writable.set()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it when the application has ended as well."""
        self._is_writable.set()
        exchange = self._exchange
        if exchange is None or exchange.task.done():
            super().connection_lost(exc)
            return
        self.state = LOST
        exchange.lose()
        self._answer_deadline = self._time() + self._limits.answer_s

    # ── the answer ──

    def _begin(self, request: HttpRequest, _answer: Callable[[HttpReply], None]) -> None:
        body, is_old = self._assembler.bodies.popleft(), bool(self._asked[1])
        scheme = "https" if self._is_secure(request) else "http"
        exchange = self._exchange = AsgiExchange(self, request, body, scheme, is_old=is_old)
        self._began_at, self._answer_deadline = self._time(), inf
        self._run(exchange)
        exchange.task.add_done_callback(self._ended)

    def _is_secure(self, request: HttpRequest) -> bool:
        """Tell whether a person's browser speaks TLS, with us or with a proxy that we believe."""
        is_trusted = self._slot.address in self._limits.trusted
        return self._site.is_tls or (is_trusted and request.header(b"x-forwarded-proto") == "https")

    def _ended(self, task: asyncio.Task[None]) -> None:
        exchange = cast("AsgiExchange", self._exchange)
        fault = None if task.cancelled() else task.exception()
        is_broken = exchange.body.is_broken and not exchange.has_begun
        if fault is not None and not is_broken:
            log.error("a page failed", path=exchange.request.path, exc_info=fault)
        if self.state is LOST:
            super().connection_lost(None)
        elif self.state.is_answering:
            if exchange.has_begun and exchange.is_over:
                self._go_on_behind(exchange)
            elif exchange.has_begun:
                self.abort()  # so that what was written is not taken for all of it
            elif is_broken:
                self._turn_away(self._assembler.fault or 400)
            else:
                self._answer_last(FAILED)

    def _go_on_behind(self, exchange: AsgiExchange) -> None:
        is_last = exchange.is_last or self.is_ending
        self.state = self.state.answered
        if not is_last:
            if self.state is READING or self.state is ENDING:
                self._go_on()
        elif exchange.body.is_whole or exchange.body.is_broken or self._assembler.wants_continue:
            self._close()  # nothing more is on its way
        else:
            self._linger()

    def _answer_last(self, reply: HttpReply) -> None:
        self._assembler.requests.clear()
        self.state = self.state.ended
        self._answer(reply)

    def _linger(self) -> None:
        """Throw away what is left of a body, within bounds, so that its sender comes to read the answer."""
        self.state = self.state.closed
        self._unread_deadline = min(self._unread_deadline, self._time() + self._limits.body_s)
        self._drained = 0
        if self._is_paused:
            self._resume_reading()

    def _drain(self, data: bytes) -> None:
        self._drained = (self._drained or 0) + len(data)
        self._assembler.feed(data)
        if self._drained > MAX_DRAINED or self._assembler.phase is not BODY:
            self._wire.close()

    # ── time ──

    def sweep(self, now: float) -> None:
        """As its parent; and end what nobody waits for any more."""
        if self.state is not LOST:
            super().sweep(now)
        elif now >= self._answer_deadline and self._exchange is not None:
            self._exchange.task.cancel()

    def _hurry(self, now: float) -> None:
        exchange = cast("AsgiExchange", self._exchange)
        if exchange.has_begun:
            return  # it goes on for as long as the peer reads it
        if exchange.awaits_body:
            self._answer_deadline = inf
            if now >= self._began_at + self._limits.body_s + exchange.body.octets / LEAST_OCTETS_PER_S:
                self._give_up(exchange)
                self._turn_away(408)
        elif self._answer_deadline == inf:
            self._answer_deadline = now + self._limits.answer_s
        elif now >= self._answer_deadline:
            self._give_up(exchange)
            log.error("a page was not answered in time", path=exchange.request.path)
            self._answer_last(self._site.answer_late(exchange.request))

    def _give_up(self, exchange: AsgiExchange) -> None:
        exchange.lose()
        exchange.task.cancel()


class AsgiConnection(AsgiSession, asyncio.Protocol):
    """A session as asyncio has it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the session."""
        self.opened(cast("SessionTransport", transport))


class AsgiServer(Server):
    """A listening socket for an application."""

    def __init__(
        self,
        app: Application,
        settings: ServerSettings,
        entropy: Callable[[int], int],
        unix_s: Callable[[], float],
        answer_late: AnswerLate,
        common: bytes,
    ) -> None:
        """`answer_late`: answers what has not begun to be answered within the guard's `answer_s`. `common`:
        header lines of each answer that is the server's and not the application's.
        """
        self._app = app
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(settings, entropy, unix_s, answer_late, in_our_own_words, common)

    def _speak(self, slot: ConnectionSlot) -> asyncio.Protocol:
        return AsgiConnection(self._site, slot, asyncio.get_running_loop().time, self._run)

    def _run(self, exchange: AsgiExchange) -> None:
        answering = self._app(self._scope(exchange), exchange.receive, exchange.send)
        exchange.task = asyncio.get_running_loop().create_task(answering)
        self._tasks.add(exchange.task)
        exchange.task.add_done_callback(self._tasks.discard)

    def _scope(self, exchange: AsgiExchange) -> Message:
        request = exchange.request
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": exchange.scheme,
            "path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": request.headers,
            "client": (request.peer, 0),
            "server": (self._settings.host, self.port),
        }

    async def stop(self) -> None:
        """Finish what is under way, then close, and end what the application still does."""
        await super().stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
