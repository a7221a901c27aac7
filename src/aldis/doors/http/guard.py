"""uvicorn's HTTP protocol with the bounds that a server facing strangers needs.

uvicorn takes a header of any size and waits for it for ever; this subclass caps octets and count of headers
(431), times head and body (408), and caps connections in all and for each address (429). The body's size is
the app's to judge, in the dialect's words.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

#: requests that may wait behind the one that is being answered
MAX_PIPELINED = 8
#: octets of framing that an octet of a chunked body may cost
FRAME_SHARE = 8


class GuardLimits(msgspec.Struct, frozen=True):
    """What one peer, and all together, may take."""

    header_octets: int = 32_768
    header_count: int = 100
    header_s: float = 5.0
    body_s: float = 30.0
    connections: int = 2_000
    connections_per_address: int = 40
    #: peers that speak for many others: not capped by address
    trusted: frozenset[str] = frozenset()


class Guard:
    """The connections that one server has, by address."""

    #: refused connections that may still be waiting to be told so
    MAX_REFUSED = 500

    def __init__(self, limits: GuardLimits) -> None:
        self.limits = limits
        self._total = 0
        self._refused = 0
        self._by_address: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count a connection in; False when it is one too many."""
        limits = self.limits
        crowded = (
            address not in limits.trusted and self._by_address[address] >= limits.connections_per_address
        )
        if crowded or self._total >= limits.connections:
            return False
        self._total += 1
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self._total -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def enter_refused(self) -> bool:
        """Count a refused connection in; False when even those are too many."""
        if self._refused >= self.MAX_REFUSED:
            return False
        self._refused += 1
        return True

    def leave_refused(self) -> None:
        """Count a refused connection out."""
        self._refused -= 1


_REASONS = {
    400: b"Bad Request",
    408: b"Request Timeout",
    429: b"Too Many Requests",
    431: b"Request Header Fields Too Large",
}


def _plain(status: int) -> bytes:
    reason = _REASONS[status]
    head = b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\n" % (status, reason)
    return head + b"content-length: %d\r\nconnection: close\r\n\r\n%s\n" % (len(reason) + 1, reason)


class GuardedProtocol(HttpToolsProtocol):
    """One connection under guard."""

    def __init__(self, *, guard: Guard, **of_uvicorn: Any) -> None:  # noqa: ANN401 - handed through to uvicorn
        super().__init__(**of_uvicorn)
        self._guard = guard
        self._address = ""
        #: "in" while counted, "refused" while waiting to be told so, "" before and after
        self._standing = ""
        self._timer: asyncio.TimerHandle | None = None
        #: the request whose response is being made, or was the last to be made
        self._answering: RequestResponseCycle | None = None
        #: nothing more is read: the connection closes after a response
        self._is_leaving = False
        #: what the running timer waits for: "head", "body" or ""
        self._waits_for = ""
        self._in_head = True
        self._head_is_begun = False
        #: of the head: what the parser has finished, and what it is still collecting
        self._head_octets = 0
        self._unfinished_octets = 0
        self._head_overflow = False
        #: whether this read ended a request
        self._completed = False
        #: of the body: this read's, all, and what frames it (chunk sizes and trailers)
        self._body_octets = 0
        self._whole_body_octets = 0
        self._frame_octets = 0
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        if self._guard.enter(self._address):
            self._standing = "in"
        elif self._guard.enter_refused():
            self._standing = "refused"
        else:
            transport.abort()
            return
        self._arm(self._guard.limits.header_s, "head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        if self._standing == "in":
            self._guard.leave(self._address)
        elif self._standing == "refused":
            self._guard.leave_refused()
        self._standing = ""
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._standing == "refused":
            self._turn_away(429)
            return
        if self.transport.is_closing() or self._is_leaving:
            return
        in_head, in_body = self._head_is_begun, not self._in_head
        self._body_octets, self._completed = 0, False
        super().data_received(data)
        limits = self._guard.limits
        if self.transport.is_closing():
            self._disarm()
        elif not self._in_head:
            self._frame_octets += len(data) - self._body_octets if in_body else 0
            if self._frame_octets > limits.header_octets + FRAME_SHARE * self._whole_body_octets:
                self._turn_away(431)
            self._arm(limits.body_s, "body")
        elif self._head_is_begun:
            # what the parser is still collecting; what it has finished was counted piece by piece
            self._unfinished_octets += len(data) if in_head or not self._completed else 0
            if self._unfinished_octets > limits.header_octets:
                self._turn_away(431)
            self._arm(limits.header_s, "head")
        elif self._last_unanswered() is not None:
            self._disarm()
        else:  # blank lines between requests: they begin nothing and must not keep the connection open
            self._arm(limits.header_s, "head")

    def eof_received(self) -> bool:  # type: ignore[override] # asyncio reads a bool, uvicorn annotates None
        """Let a request that came whole be answered although its sender says no more."""
        last = self._last_unanswered()
        if last is None or self.scheme != "http":
            return False
        self._leave_after(last)
        return True

    def pause_writing(self) -> None:
        """Give a peer that does not read its answers some time, and then leave it."""
        self._unread_timer = self.loop.call_later(self._guard.limits.body_s, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's own
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _last_unanswered(self) -> RequestResponseCycle | None:
        """Find the last request that came whole and still waits for its response."""
        waiting = [cycle for cycle, _ in self.pipeline if not cycle.more_body]  # the newest is leftmost
        if waiting:
            return waiting[0]
        cycle = self._answering
        return cycle if cycle is not None and not cycle.response_complete and not cycle.more_body else None

    def _leave_after(self, last: RequestResponseCycle) -> None:
        """Close after the response to a request; what has not come whole by now is dropped."""
        self._is_leaving = True
        while self.pipeline and self.pipeline[0][0] is not last and self.pipeline[0][0].more_body:
            self.pipeline.popleft()
        last.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        self._turn_away(431 if self._head_overflow else 400)

    # ── the parser's callbacks ──

    def on_message_begin(self) -> None:
        self._disarm()
        self._head_is_begun = True
        self._head_octets = self._unfinished_octets = self._frame_octets = self._whole_body_octets = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)
        if len(self.headers) > self._guard.limits.header_count:
            self._overflow()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.pipeline) >= MAX_PIPELINED:
            self._overflow()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_octets += len(body)
        self._whole_body_octets += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head, self._completed = True, True
        self._head_is_begun = False
        super().on_message_complete()

    def _count(self, octets: int) -> None:
        self._unfinished_octets = 0
        self._head_octets += octets
        if self._head_octets > self._guard.limits.header_octets:
            self._overflow()

    def _overflow(self) -> None:
        self._head_overflow = True
        raise httptools.HttpParserError("too much in the head")

    # ── time ──

    def _arm(self, seconds: float, waits_for: str) -> None:
        """Start the clock for one part of a request; more octets of the same part do not start it anew."""
        if self._waits_for == waits_for:
            return
        self._disarm()
        self._waits_for = waits_for
        self._timer = self.loop.call_later(seconds, self._turn_away, 408)

    def _disarm(self) -> None:
        self._waits_for = ""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn_away(self, status: int) -> None:
        """Answer and close. A request that came whole before is answered first, and then the connection
        closes.
        """
        self._disarm()
        if self.transport.is_closing():
            return
        last = self._last_unanswered()
        if last is not None:
            self._leave_after(last)
            return
        if (
            self._answering is None
            or self._answering.response_complete
            or not self._answering.response_started
        ):
            self.transport.write(_plain(status))
        self.transport.close()
