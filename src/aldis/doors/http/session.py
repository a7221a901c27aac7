"""One untrusted HTTP/1.1 connection without I/O: feed it what the transport says and let time pass; it
hands requests over one after the other, writes each answer in one piece, and obeys the guard.

What follows what is `states.py`; octets become requests in `assembler.py`. This file adds order, time, Expect
and half-closed sockets. A server of our own because one request costs a third of what it costs behind ASGI
(docs/decisions/0008-a-small-http-server.md).
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol

import msgspec

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.answers import CLOSE, CONTINUE, Answers
from aldis.doors.http.assembler import BETWEEN, BODY, ENDED, FRESH, Phase, RequestAssembler
from aldis.doors.http.guard import BodyBudget, GuardLimits
from aldis.doors.http.states import ANSWERING, BLOCKED, ENDING, READING, REFUSED, STALLED
from aldis.listening.slot import ConnectionSlot

#: how long a peer waits to hear that what it sent costs too much: its connection is its own until then, so
#: that it cannot begin anew at once
WASTE_S = 1.0

#: takes a request and where to put the one answer to it, now or later
Serve = Callable[[HttpRequest, Callable[[HttpReply], None]], None]
#: answers a request whose answer has not come in time
AnswerLate = Callable[[HttpRequest], HttpReply]


#: words a refusal of what cannot be read, with its status; None: in the server's own
Refuse = Callable[[HttpRequest, int], HttpReply | None]


def in_our_own_words(_request: HttpRequest, _status: int) -> HttpReply | None:
    """Stand for `refuse` where no dialect has words."""
    return None


class SessionTransport(Protocol):
    """What a session asks of its transport, as asyncio has it."""

    def write(self, data: bytes, /) -> None:
        """Send octets after those that wait already."""

    def pause_reading(self) -> None:
        """Let the peer wait with what it says."""

    def resume_reading(self) -> None:
        """Go on after `pause_reading`."""

    def is_closing(self) -> bool:
        """Whether it is closed, or closes when all is written."""

    def close(self) -> None:
        """Close when all is written."""

    def abort(self) -> None:
        """Close now."""


class Site(msgspec.Struct, kw_only=True, eq=False):
    """What the connections of one server share."""

    answer_late: AnswerLate
    refuse: Refuse
    limits: GuardLimits
    entropy: Callable[[int], int]
    answers: Answers
    #: scheme and host as customers write them, or the scheme alone
    origin: str
    is_tls: bool
    bodies: BodyBudget
    sessions: set[HttpSession] = msgspec.field(default_factory=set)
    is_closing: bool = False


class HttpSession:
    """One connection from `opened` to `connection_lost`; its other methods are those of asyncio.Protocol."""

    _wire: SessionTransport
    _assembler: RequestAssembler
    #: the request that is with the door, and what its answer must say so that the connection stays
    _asked: tuple[HttpRequest, bytes]

    #: what cuts octets into requests
    assembles: type[RequestAssembler] = RequestAssembler

    def __init__(self, site: Site, slot: ConnectionSlot, time: Callable[[], float], serve: Serve) -> None:
        self._site = site
        self._serve = serve
        self._slot = slot
        self._time = time
        self._limits = site.limits
        self.state = REFUSED if slot.is_refused else READING
        self._is_paused = False
        #: by when the peer must have said what is awaited of it; counts while it is READING or REFUSED
        self._deadline = inf
        #: a request that a sweep has found without its answer, and by when there must be one
        self._awaited: HttpRequest | None = None
        self._answer_deadline = inf
        #: by when it must have read what was written
        self._unread_deadline = inf

    # ── the transport's callbacks ──

    def opened(self, wire: SessionTransport) -> None:
        """Begin."""
        site = self._site
        self._wire = wire
        self._assembler = self.assembles(
            self._slot.address, self._limits, site.entropy, site.origin, site.bodies
        )
        site.sessions.add(self)
        self._slot.give_way = self.give_way
        self._deadline = self._time() + self._limits.header_s

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget it; nobody waits for its answers any more."""
        self.state = self.state.lost
        self._slot.free()
        self._assembler.close()
        self._site.sessions.discard(self)

    def data_received(self, data: bytes) -> None:
        """Serve what has come whole, in its order."""
        state = self.state
        if state is not READING:
            self._take_early(data)
            return
        assembler = self._assembler
        before = assembler.phase
        assembler.feed(data)
        if assembler.requests:
            self._serve_next()
            if assembler.requests:
                self._pause_reading()
        elif assembler.phase is ENDED:
            if assembler.is_wasteful:
                self._let_wait()
            else:
                self._turn_away(assembler.fault or 400)
        else:
            if assembler.phase is not before:
                self._deadline = self._time() + self._wait_s(assembler.phase)
            if assembler.wants_continue:
                self._offer_to_continue()

    def _take_early(self, data: bytes) -> None:
        """Take what comes while a request is being answered, and what comes in vain."""
        if self.state is REFUSED:
            self._turn_away(429)
        elif self.state in {ANSWERING, BLOCKED, STALLED}:
            self._assembler.feed(data)
            if self._assembler.phase is ENDED and self.state.is_answering:
                self.state = self.state.ended
            if self._assembler.requests:
                self._pause_reading()

    def eof_received(self) -> bool:
        """Let a request that came whole be answered although its sender says no more."""
        self.state = self.state.ended
        return self.state is ENDING and not self._site.is_tls

    def pause_writing(self) -> None:
        """Give a peer that does not read its answers some time, and then leave it (`sweep`)."""
        self._unread_deadline = self._time() + self._limits.body_s
        self.state = self.state.blocked
        self._pause_reading()

    def resume_writing(self) -> None:
        """Go on with a peer that reads again."""
        if self._wire.is_closing():
            return  # the little that is left must be read in time as well (`_close`)
        self._unread_deadline = inf
        self.state = self.state.unblocked
        if self.state is READING:
            self._go_on()

    # ── the answer ──

    def _serve_next(self) -> None:
        assembler = self._assembler
        asked = self._asked = assembler.requests.popleft()
        state = self.state.asked
        self.state = state.ended if assembler.phase is ENDED and not assembler.requests else state
        self._serve(asked[0], self._answer)

    def _answer(self, reply: HttpReply) -> None:
        state, wire, site = self.state, self._wire, self._site
        if not state.is_answering or wire.is_closing():
            return  # the peer has left meanwhile
        request, line = self._asked
        is_last = site.is_closing or (state is ENDING and not self._assembler.requests)
        state = self.state = state.answered
        wire.write(site.answers.write(reply, CLOSE if is_last else line, head_only=request.method == "HEAD"))
        if is_last:
            self._close()
        elif self.state is READING or state is ENDING:
            self._go_on()

    def _go_on(self) -> None:
        """Serve what waits, or read on."""
        assembler = self._assembler
        if assembler.requests:
            self._serve_next()
            return
        if assembler.handed_octets:
            assembler.note_answered()
        self._deadline = self._time() + self._wait_s(assembler.phase)
        if self._is_paused:
            self._resume_reading()
        if assembler.wants_continue:
            self._offer_to_continue()

    def _offer_to_continue(self) -> None:
        """Tell a client that waits for it to send its body (RFC 9110 §10.1.1), in its turn."""
        if self._assembler.phase is BODY:
            self._assembler.wants_continue = False
            self._wire.write(CONTINUE)

    def _pause_reading(self) -> None:
        if not self._is_paused and not self._wire.is_closing():
            self._is_paused = True
            self._wire.pause_reading()

    def _resume_reading(self) -> None:
        self._is_paused = False
        self._wire.resume_reading()

    def _let_wait(self) -> None:
        """Read no more of what costs more than it is, and turn it away with a later sweep."""
        self._pause_reading()
        self._deadline = self._time() + WASTE_S

    def _turn_away(self, status: int) -> None:
        """Say why, in the words of whom was asked where that is known, and close."""
        if not self._wire.is_closing():
            site, request = self._site, self._assembler.refused()
            reply = None if request is None else site.refuse(request, status)
            answers = site.answers
            self._wire.write(answers.plain(status) if reply is None else answers.write(reply, CLOSE))
            self._close()

    def _close(self) -> None:
        """Close when all is written, which a peer that does not read cannot put off for ever."""
        self.state = self.state.closed
        self._unread_deadline = min(self._unread_deadline, self._time() + self._limits.body_s)
        self._wire.close()

    # ── time ──

    def _wait_s(self, phase: Phase) -> float:
        if phase is BETWEEN:
            return self._limits.idle_s
        return self._limits.body_s if phase is BODY else self._limits.header_s

    def sweep(self, now: float) -> None:
        """Let time pass; the server calls it a few times a second."""
        if now >= self._unread_deadline:
            self.abort()
        elif now >= self._deadline and (self.state is READING or self.state is REFUSED):
            if self._assembler.phase is BETWEEN:
                self._close()
            else:
                self._turn_away(self._assembler.fault or 408)
        elif self.state.is_answering:
            self._hurry(now)

    def _hurry(self, now: float) -> None:
        """Answer what has waited too long, and close: what answers it later answers nobody. A request's time
        begins with the sweep that finds it, so that those that are answered at once are not timed.
        """
        request, _ = self._asked
        if request is not self._awaited:
            self._awaited, self._answer_deadline = request, now + self._limits.answer_s
        elif now >= self._answer_deadline:
            self._assembler.requests.clear()
            self.state = self.state.ended
            self._answer(self._site.answer_late(request))

    def leave(self) -> None:
        """Close once nothing is under way."""
        if self.state.is_answering:
            self.state = self.state.ended
        else:
            self._close()

    def give_way(self, *, if_idle: bool) -> bool:
        """Leave now, so that another connection may come, unless a request is with the door. `if_idle`: only
        where none has begun either, and all that was answered was read.
        """
        is_idle = self.state is READING and self._assembler.phase in (FRESH, BETWEEN)
        if self.state.is_answering or (if_idle and not is_idle):
            return False
        self.abort()
        return True

    def abort(self) -> None:
        """Close now."""
        self.state = self.state.closed
        self._wire.abort()
