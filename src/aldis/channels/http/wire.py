"""One connection to a customer's endpoint: one request at a time, one answer each.

httptools (llhttp) parses. Only the status matters; a body is read so that the connection can be used again,
and dropped with the connection when it is long. A status line that was read is the answer, whatever goes
wrong behind it: the customer has been told. Source: RFC 9112 §6.3 (message body length), §9.3 (persistence).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import cast

import httptools

from aldis.channels.http.answer import status_of

#: octets of an answer, head and body, that are read
MAX_ANSWER_OCTETS = 65_536
INTERIM = range(100, 200)
#: what an answer begins with, or lines before it; anything else on a connection in use belongs to the answer
#: before, which was longer than it had said
_BEGINS = b"Hh\r\n"
#: how long a body may take whose head was read
BODY_S = 2.0


class Hangup(Exception):
    """The connection ended without an answer; `args[0]` says how."""


#: hears of the end of one request: the status, or 0 and a Hangup or TimeoutError
Told = Callable[[int, Exception | None], None]


class Wire(asyncio.Protocol):
    """A connected socket."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._told: Told | None = None
        #: what has come of the answer, until its end was told
        self.received = bytearray()
        self._status = 0
        #: when the answer must be there, by the loop's clock
        self.deadline = inf
        #: whether it has answered before: such a connection may have been closed by the peer meanwhile
        self.was_used = False
        #: whether another request may be sent on it
        self.is_reusable = False
        #: since when nothing is asked of it
        self.idle_since = inf

    def ask(self, request: bytes, deadline: float, told: Told) -> None:
        """Send a request; `told` is called once, perhaps at once."""
        self._told = told
        self._status = 0
        self.is_reusable = False
        self.deadline, self.idle_since = deadline, inf
        if self._transport.is_closing():
            self._fail(Hangup("the connection was closed"))
        else:
            self._transport.write(request)

    @property
    def got_nothing(self) -> bool:
        """Whether not one octet of the answer has come."""
        return not self.received

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return not self._transport.is_closing()

    def sweep(self, now: float) -> None:
        """Let time pass. Once the head is there a body has a moment: it is read to keep the connection."""
        if self._status:
            self.deadline = min(self.deadline, now + BODY_S)
        if now >= self.deadline:
            self._fail(TimeoutError())
            self.abort()

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()

    # ── the transport's callbacks ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        if self._told is None:  # nobody has asked: whatever it is, it answers no request of ours
            self.abort()
            return
        if not self.received and self.was_used and data[0] not in _BEGINS:
            data = data[data.find(b"HTTP/") :] if b"HTTP/" in data else b""
        self.received += data
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as fault:
            self._fail(Hangup(f"the answer is not HTTP: {type(fault).__name__}"))
            self.abort()
            return
        if len(self.received) > MAX_ANSWER_OCTETS and self._told is not None:
            self._fail(Hangup("the head of the answer is too long"))
            self.abort()

    def eof_received(self) -> bool:
        self._fail(Hangup("the connection was closed"))  # or else it is the end of the answer
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_reusable = False
        self._fail(Hangup(f"the connection broke: {exc}" if exc else "the connection was closed"))

    # ── the parser's callbacks ──

    def on_message_begin(self) -> None:
        if self._told is None:
            self.abort()  # a second answer to one request: nothing behind it can be trusted

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._status = 0 if status in INTERIM else status

    def on_message_complete(self) -> None:
        if self._status:
            self._finish(reusable=self._parser.should_keep_alive())

    def _finish(self, *, reusable: bool) -> None:
        told, self._told = self._told, None
        status, self._status = self._status, 0
        self.deadline = inf
        self.was_used = True
        self.is_reusable = reusable and not self._transport.is_closing()
        if not self.is_reusable:
            self._transport.close()
        if told is not None:
            told(status, None)
        self.received.clear()

    def _fail(self, fault: Exception) -> None:
        """End a request that met a fault; one whose status was read before has its answer."""
        if self._told is None:
            return
        self._status = self._status or status_of(self.received)
        if self._status:
            self._finish(reusable=False)
            return
        told, self._told = self._told, None
        self.deadline = inf
        told(0, fault)
