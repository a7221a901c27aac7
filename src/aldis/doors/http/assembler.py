"""Cuts the octets of one HTTP/1.1 connection into whole requests, within bounds. No socket, no time.

httptools (llhttp, strict) parses and refuses what could be read in two ways: Content-Length beside
Transfer-Encoding, repeated lengths, folded headers, bare line feeds, signs in lengths. This file adds what a
parser cannot know: how much is too much, and what a head must say. Source: RFC 9112; RFC 9110 §10.1.1
(Expect).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, auto

import httptools

from aldis.dialects.exchange import HttpRequest
from aldis.doors.http.answers import KEEP_ALIVE
from aldis.doors.http.guard import BodyBudget, GuardLimits
from aldis.doors.http.reading import path_of, peer_of

#: requests that may wait behind the one that is being answered
MAX_PIPELINED = 16
#: octets of framing that an octet of a chunked body may cost, beyond those of a head
FRAME_SHARE = 1
#: chunks of a body, each of which is a call: so many of any size, and one for so many octets
FREE_PIECES, PIECE_OCTETS = 500, 8
#: a longer body counts in the budget of all bodies also where it came in one read
SHORT_BODY = 16_384
#: a body that is too large is read and thrown away up to here, because many clients read the answer only
#: after they have sent all of it
MAX_DRAINED = 16_777_216

#: besides Host, the headers that say how a request is to be read
_FRAMING = frozenset((b"transfer-encoding", b"content-length", b"expect"))


class _TooManyPieces(Exception):
    """The rest of what was read is not looked at."""


class Phase(Enum):
    """Where in its stream a connection is."""

    FRESH = auto()
    HEAD = auto()
    BODY = auto()
    BETWEEN = auto()
    #: nothing more is taken: after a fault, the last request, or one that is answered before it came whole
    ENDED = auto()


FRESH, HEAD, BODY, BETWEEN, ENDED = Phase


class RequestAssembler:
    """The requests of one connection: `feed` it, and take what is in `requests`."""

    #: how many Host headers there were
    _hosts: int
    #: the other headers that say how a request is to be read
    _framing: list[tuple[bytes, bytes]]
    _head_octets: int
    #: as it came where that was in one piece, else gathered
    _body: bytes | bytearray
    #: of chunked bodies, all that was not content, and how many pieces of content there were
    _frame_octets: int
    _pieces: int
    _version: str

    def __init__(
        self,
        address: str,
        limits: GuardLimits,
        entropy: Callable[[int], int],
        origin: str,
        bodies: BodyBudget,
    ) -> None:
        """`bodies`: what those of all connections share."""
        self._bodies = bodies
        #: octets that count in it: of the body that comes, and of requests that were handed over
        self._held_octets = self.handed_octets = 0
        self._body = b""
        self._address = address
        self._is_trusted = address in limits.trusted
        self._limits = limits
        self._entropy = entropy
        self._origin = origin
        self._parser = httptools.HttpRequestParser(self)
        #: those that came whole, with what the head of the answer must say so that the connection stays
        self.requests: deque[tuple[HttpRequest, bytes]] = deque()
        self.phase = FRESH
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        #: the status with which the stream ends, where it cannot be read on
        self.fault = 0
        #: it cannot, because what came costs far more than it is
        self.is_wasteful = False
        #: the peer sends its body once it is told to
        self.wants_continue = False
        #: of the read that is being parsed
        self._read_octets = 0
        self._body_octets = 0

    def feed(self, octets: bytes) -> None:
        """Parse what came, and bound what it left unfinished."""
        before, whole, body_octets = self.phase, len(self.requests), self._body_octets
        self._read_octets = len(octets)
        try:
            self._parser.feed_data(octets)
        except httptools.HttpParserUpgrade:
            self.phase = ENDED  # what follows speaks another protocol: answer, then close
        except httptools.HttpParserError:
            if len(self.requests) == whole and before in (FRESH, BETWEEN):
                self._url = octets.partition(b"\n")[0].partition(b" ")[2].partition(b" ")[0]
            self._end(400)
        if self.phase is HEAD:
            is_behind_another = len(self.requests) > whole
            self._head_octets = (
                self._finished_octets() if is_behind_another else self._head_octets + len(octets)
            )
            self._check_head(self._head_octets)
        elif self.phase is BODY:
            self._hold()
            if before is BODY and len(self.requests) == whole:
                self._frame_octets += len(octets) - (self._body_octets - body_octets)
                if self._frame_octets > self._limits.header_octets + FRAME_SHARE * self._body_octets:
                    self._end_wasteful()

    def _end(self, fault: int) -> None:
        if self.phase is not ENDED:
            self.phase, self.fault = ENDED, fault

    def _end_wasteful(self) -> None:
        self.is_wasteful = True
        self._end(431)

    # ── the parser's callbacks ──

    def on_message_begin(self) -> None:
        if self.phase is ENDED:
            return
        self.phase = HEAD
        self._url = b""
        self._headers = []
        self._hosts = 0
        self._framing = []
        self._head_octets = 0
        self._body = b""
        self._body_octets = self._frame_octets = self._pieces = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase is not HEAD:
            return  # a trailer must not pass for a header (RFC 9110 §6.5.1)
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name in _FRAMING:
            self._framing.append((name, value))
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        octets = self._head_octets + self._read_octets
        self._check_head(0 if octets <= self._limits.header_octets else self._finished_octets())
        if self.phase is not HEAD:
            return
        self.phase = BODY
        fault = self._misframed()
        if fault:
            self._end(fault)

    def on_body(self, body: bytes) -> None:
        if self.phase is not BODY:
            return
        self._body_octets += len(body)
        if self._body_octets > self._limits.body_octets:
            self._count_piece()
            self._drop_body()
            if self._body_octets > MAX_DRAINED:
                self._complete(is_last=True)
        elif not self._body:
            self._body = body
        else:
            self._count_piece()
            if not isinstance(self._body, bytearray):
                self._body = bytearray(self._body)
            self._body += body

    def _count_piece(self) -> None:
        """Bound the calls that a chunked body costs, also within one read."""
        self._pieces += 1
        if self._pieces > FREE_PIECES + self._body_octets // PIECE_OCTETS:
            self._end_wasteful()
            raise _TooManyPieces

    def on_message_complete(self) -> None:
        if self.phase is BODY:
            self._complete(is_last=not self._parser.should_keep_alive())

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
            self.wants_continue = version == "1.1"
            return 0 if value == b"100-continue" else 417
        if int(value) > MAX_DRAINED:  # Content-Length
            self._body_octets = int(value)
            self._complete(is_last=True)
        return 0

    def _complete(self, *, is_last: bool) -> None:
        """Queue the request that came whole, or as much of it as is read."""
        self.wants_continue = False
        if len(self.requests) >= MAX_PIPELINED:
            self._end(431)
            return
        path, _, query = self._url.partition(b"?")
        fits = self._body_octets <= self._limits.body_octets
        if len(self._body) > SHORT_BODY:
            self._hold()
            if self.phase is ENDED:
                return
        self.handed_octets, self._held_octets = self.handed_octets + self._held_octets, 0
        body = bytes(self._body)
        request = HttpRequest(
            self._parser.get_method().decode("ascii"),
            path_of(path),
            query,
            self._headers,
            body,
            self._peer() if self._is_trusted else self._address,
            self._entropy(62),
            fits,
            self._origin,
        )
        self.requests.append((request, KEEP_ALIVE if self._version == "1.0" else b""))
        self.phase = BETWEEN if fits and not is_last else ENDED

    def _hold(self) -> None:
        """Count what has come of a body in the budget; refuse it where that is spent."""
        octets = len(self._body) - self._held_octets
        if self._bodies.take(octets):
            self._held_octets += octets
        else:
            self._drop_body()
            self._end(503)

    def _drop_body(self) -> None:
        self._body = b""
        self._bodies.give_back(self._held_octets)
        self._held_octets = 0

    def note_answered(self) -> None:
        """Hear that what was handed over is answered."""
        self._bodies.give_back(self.handed_octets)
        self.handed_octets = 0

    def close(self) -> None:
        """Hear that nothing of the connection is wanted any more."""
        self._drop_body()
        self.note_answered()

    def refused(self) -> HttpRequest | None:
        """Give what is known of a request that cannot be read; None where not even its path is."""
        path, _, query = self._url.partition(b"?")
        if not path or not path_of(path).startswith("/"):
            return None
        peer, entropy = self._peer(), self._entropy(62)
        return HttpRequest("", path_of(path), query, self._headers, b"", peer, entropy, False, self._origin)

    def _peer(self) -> str:
        return peer_of(self._address, self._headers, self._limits.trusted)

    def _finished_octets(self) -> int:
        return len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers)

    def _check_head(self, octets: int) -> None:
        if octets > self._limits.header_octets or len(self._headers) > self._limits.header_count:
            self._end(431)
