"""One HTTP/1.1 connection of strangers: cuts the stream into requests, hands them over one after the other,
writes each answer in one piece, and obeys the guard.

httptools (llhttp, strict) parses and refuses what could be read in two ways: Content-Length beside
Transfer-Encoding, repeated lengths, folded headers, bare line feeds, signs in lengths. This file adds what a
parser cannot know: bounds, time, order, Expect, half-closed sockets. A server of our own because one request
costs a third of what it costs behind ASGI (docs/decisions/0008-a-small-http-server.md). Source: RFC 9112; RFC
9110 §10.1.1 (Expect).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from math import inf
from typing import cast

import httptools

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.answers import CLOSE, CONTINUE, KEEP_ALIVE, Answers
from aldis.doors.http.guard import Guard
from aldis.doors.http.reading import path_of, peer_of
from aldis.doors.http.rounds import Rounds, Serve

#: requests that may wait behind the one that is being answered
MAX_PIPELINED = 16
#: octets of framing that an octet of a chunked body may cost
FRAME_SHARE = 8
#: a body that is too large is read and thrown away up to here, because many clients read the answer only
#: after they have sent all of it
MAX_DRAINED = 16_777_216

#: besides Host, the headers that say how a request is to be read
_FRAMING = frozenset((b"transfer-encoding", b"content-length", b"expect"))


class Site:
    """What the connections of one server share."""

    def __init__(
        self, serve: Serve, guard: Guard, entropy: Callable[[int], int], origin: str, *, is_tls: bool
    ) -> None:
        self.rounds = Rounds(serve)
        self.guard = guard
        self.entropy = entropy
        #: scheme and host as customers write them, or the scheme alone
        self.origin = origin
        self.is_tls = is_tls
        self.answers = Answers()
        self.connections: set[HttpConnection] = set()
        self.is_closing = False


class _Asked:
    """A request on its way, with what its answer must know of it."""

    __slots__ = ("head_only", "is_last", "keep_alive_line", "request")

    def __init__(self, request: HttpRequest, *, is_last: bool, keep_alive_line: bytes) -> None:
        self.request = request
        self.head_only = request.method == "HEAD"
        self.is_last = is_last
        #: HTTP/1.0 must be told that the connection stays
        self.keep_alive_line = keep_alive_line


class HttpConnection(asyncio.Protocol):
    """One connection."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._limits = site.guard.limits
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._address = ""
        #: "in" while counted, "refused" while waiting to be told so, "" before and after
        self._standing = ""
        #: requests that came whole and wait for their turn
        self._queue: deque[_Asked] = deque()
        #: the one that is being answered
        self._current: _Asked | None = None
        #: nothing more is read; the connection closes when what came whole has been answered
        self._is_leaving = False
        #: the status with which the stream ends, once it cannot be read on
        self._fault = 0
        self._is_continue_owed = False
        self._version = ""
        self._is_paused = False
        #: the peer does not read its answers
        self._is_clogged = False
        #: of the read that is being parsed
        self._read_octets = 0
        #: what must have happened by when
        self._deadline = inf
        self._unread_deadline = inf
        self._begin()

    def _begin(self) -> None:
        """Forget the last request."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._hosts = 0
        self._framing: list[tuple[bytes, bytes]] = []
        self._in_head = False
        self._in_body = False
        self._head_octets = 0
        self._body: list[bytes] = []
        self._body_octets = 0
        self._frame_octets = 0

    # ── the transport's callbacks ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from asyncio's
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        guard = self._site.guard
        if guard.enter(self._address):
            self._standing = "in"
        elif guard.enter_refused():
            self._standing = "refused"
        else:
            self._transport.abort()
            return
        self._site.connections.add(self)
        self._deadline = self._loop.time() + self._limits.header_s

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._standing == "in":
            self._site.guard.leave(self._address)
        elif self._standing == "refused":
            self._site.guard.leave_refused()
        self._standing = ""
        self._is_leaving = True
        self._queue.clear()
        self._site.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._standing == "refused":
            self._turn_away(429)
            return
        if self._is_leaving:
            return
        self._feed(data)
        if self._fault:
            self._is_leaving = True
        if self._current is None:
            if self._queue:
                self._serve_next()
            elif self._is_leaving:
                self._turn_away(self._fault or 400)
        if self._queue:
            self._pause_reading()
        if self._is_continue_owed:
            self._offer_to_continue()

    def _pause_reading(self) -> None:
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def _close(self) -> None:
        """Close when all is written, which a peer that does not read cannot put off for ever."""
        self._unread_deadline = min(self._unread_deadline, self._loop.time() + self._limits.body_s)
        self._transport.close()

    def _feed(self, data: bytes) -> None:
        """Parse what came, and bound what it left unfinished."""
        was_in_head, was_in_body, whole = self._in_head, self._in_body, len(self._queue)
        body_octets, self._read_octets = self._body_octets, len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._is_leaving = True  # what follows speaks another protocol: answer, then close
        except httptools.HttpParserError:
            self._fault = self._fault or 400
        if self._in_head:
            is_behind_another = len(self._queue) > whole
            self._head_octets = (
                self._finished_octets() if is_behind_another else self._head_octets + len(data)
            )
            self._check_head(self._head_octets)
            if not was_in_head:
                self._deadline = self._loop.time() + self._limits.header_s
        elif self._in_body and was_in_body and len(self._queue) == whole:
            self._frame_octets += len(data) - (self._body_octets - body_octets)
            if self._frame_octets > self._limits.header_octets + FRAME_SHARE * self._body_octets:
                self._fault = self._fault or 431
        elif self._in_body:
            self._deadline = self._loop.time() + self._limits.body_s

    def eof_received(self) -> bool:
        """Let a request that came whole be answered although its sender says no more."""
        self._is_leaving = True
        self._deadline = inf
        return self._current is not None and not self._site.is_tls

    def pause_writing(self) -> None:
        """Give a peer that does not read its answers some time, and then leave it (`sweep`)."""
        self._unread_deadline = self._loop.time() + self._limits.body_s
        self._is_clogged = True
        self._pause_reading()

    def resume_writing(self) -> None:
        self._is_clogged = False
        if self._transport.is_closing():
            return  # the little that is left must be read in time as well (`_close`)
        self._unread_deadline = inf
        if self._current is None:
            self._go_on()

    # ── the parser's callbacks ──

    def on_message_begin(self) -> None:
        self._begin()
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer must not pass for a header (RFC 9110 §6.5.1)
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name in _FRAMING:
            self._framing.append((name, value))
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        if self._head_octets + self._read_octets > self._limits.header_octets:
            self._check_head(self._finished_octets())
        else:
            self._check_head(0)
        self._fault = self._fault or self._misframed()

    def on_body(self, body: bytes) -> None:
        if not self._in_body:
            return  # answered before it came whole
        self._body_octets += len(body)
        if self._body_octets <= self._limits.body_octets:
            self._body.append(body)
        else:
            self._body.clear()
            if self._body_octets > MAX_DRAINED:
                self._complete(is_last=True)

    def on_message_complete(self) -> None:
        if self._in_body:
            self._complete(is_last=not self._parser.should_keep_alive())
        self._in_body = False

    # ── the request ──

    def _misframed(self) -> int:
        """Judge a whole head; returns the status that refuses it, or 0."""
        version = self._version = self._parser.get_http_version()
        if version == "1.1":
            if self._hosts != 1:
                return 400  # RFC 9112 §3.2
        elif version != "1.0":
            return 505
        for name, value in self._framing:
            fault = self._misframed_by(name, value.strip().lower(), version)
            if fault:
                return fault
        return 0

    def _misframed_by(self, name: bytes, value: bytes, version: str) -> int:
        if name == b"transfer-encoding":
            if version != "1.1":
                return 400  # RFC 9112 §6.1
            return 0 if value == b"chunked" else 501
        if name == b"expect":
            self._is_continue_owed = version == "1.1"
            return 0 if value == b"100-continue" else 417
        if int(value) > MAX_DRAINED:  # Content-Length
            self._body_octets = int(value)
            self._complete(is_last=True)
        return 0

    def _complete(self, *, is_last: bool) -> None:
        """Queue the request that came whole, or as much of it as is read."""
        self._in_body = False
        self._is_continue_owed = False
        self._deadline = inf
        if self._fault or self._is_leaving:
            return
        if len(self._queue) >= MAX_PIPELINED:
            self._fault = 431
            return
        path, _, query = self._url.partition(b"?")
        fits = self._body_octets <= self._limits.body_octets
        body = self._body
        request = HttpRequest(
            self._parser.get_method().decode("ascii"),
            path_of(path),
            query,
            self._headers,
            (body[0] if len(body) == 1 else b"".join(body)) if fits else b"",
            peer_of(self._address, self._headers, self._limits.trusted),
            self._site.entropy(62),
            fits,
            self._site.origin,
        )
        is_last = is_last or not fits
        line = KEEP_ALIVE if self._version == "1.0" else b""
        self._queue.append(_Asked(request, is_last=is_last, keep_alive_line=line))
        if is_last:
            self._is_leaving = True

    def _finished_octets(self) -> int:
        return len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers)

    def _check_head(self, octets: int) -> None:
        if octets > self._limits.header_octets or len(self._headers) > self._limits.header_count:
            self._fault = self._fault or 431

    def _offer_to_continue(self) -> None:
        """Tell a client that waits for it to send its body (RFC 9110 §10.1.1), in its turn."""
        if self._in_body and self._current is None and not self._is_leaving:
            self._is_continue_owed = False
            self._transport.write(CONTINUE)

    # ── the answer ──

    def _serve_next(self) -> None:
        self._current = self._queue.popleft()
        self._site.rounds.ask(self._current.request, self._answer)

    def _answer(self, reply: HttpReply) -> None:
        asked = self._current
        if asked is None or self._transport.is_closing():
            return  # the peer has left meanwhile
        self._current = None
        is_last = asked.is_last or (self._is_leaving and not self._queue) or self._site.is_closing
        closing = CLOSE if is_last else asked.keep_alive_line
        self._transport.write(self._site.answers.write(reply, closing, head_only=asked.head_only))
        if is_last:
            self._close()
        elif not self._is_clogged:
            self._go_on()

    def _go_on(self) -> None:
        """Serve what waits, or read on."""
        if self._queue:
            self._serve_next()
            return
        self._deadline = self._loop.time() + self._wait_s()
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        if self._is_continue_owed:
            self._offer_to_continue()

    def _wait_s(self) -> float:
        if self._in_head:
            return self._limits.header_s
        return self._limits.body_s if self._in_body else self._limits.idle_s

    def _turn_away(self, status: int) -> None:
        """Say why, and close."""
        self._is_leaving = True
        if not self._transport.is_closing():
            self._transport.write(self._site.answers.plain(status))
            self._close()

    # ── time ──

    def sweep(self, now: float) -> None:
        """Let time pass; the server calls it a few times a second."""
        if now >= self._unread_deadline:
            self._transport.abort()
        elif now >= self._deadline:
            self._deadline = inf
            if self._is_idle:
                self._close()
            elif self._current is None:
                self._turn_away(408)

    @property
    def _is_idle(self) -> bool:
        """Whether it was used before and nothing is under way."""
        return self._current is None and bool(self._url) and not self._in_head and not self._in_body

    def leave(self) -> None:
        """Close once nothing is under way."""
        if self._current is None:
            self._close()
        else:
            self._is_leaving = True

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()
