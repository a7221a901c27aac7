"""The asyncio side of one SMPP session: a socket, its writes gathered per turn of the loop, its end.

What a peer sends in one go is taken chunk by chunk, a turn of the loop for each: a thousand responses at once
must not hold up a customer's request. From a peer that does not read what we say nothing is read either, so
that no answers pile up; its timers end the session then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from aldis.clock import Clock
from aldis.smpp.connection import Connection, Event
from aldis.smpp.pdus import Body, Pdu
from aldis.smpp.session import Role
from aldis.smpp.timers import Timers
from aldis.stages.sending.upstream import Outbound

#: octets of a chunk: some 250 responses, a millisecond or two. Smaller ones settle in so many transactions
#: more that requests wait longer for those
CHUNK = 8_192
#: how long a peer may take to read what was said before the end
CLOSE_S = 5.0


class SmppSession(asyncio.Protocol):
    """One TCP connection with the SMPP session on it."""

    def __init__(
        self, clock: Clock, timers: Timers, on_events: Callable[[SmppSession, list[Event[Outbound]]], None]
    ) -> None:
        self.connection: Connection[Outbound] = Connection(Role.ESME, clock.monotonic(), timers)
        #: why it ended
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.was_bound = False
        #: the status that refused the bind
        self.refusal: int | None = None
        #: the SMSC took something on it
        self.has_carried = False
        #: the SMSC said that the session is at fault
        self.is_troubled = False
        self.is_clogged = False
        self._clock = clock
        self._on_events = on_events
        self._transport: asyncio.Transport | None = None
        self._flush_is_due = False
        #: came, and has not been taken; meanwhile nothing more is read
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        if not self._waiting and len(data) <= CHUNK:  # nearly always
            self._take(data)
            return
        if not self._waiting:
            self._pause_reading()
            asyncio.get_running_loop().call_soon(self._take_chunk)
        self._waiting += data

    def _take_chunk(self) -> None:
        if not self._waiting or self.is_clogged:  # all was taken at the end, or `resume_writing` goes on
            return
        chunk, self._waiting = self._waiting[:CHUNK], self._waiting[CHUNK:]
        if self._waiting:  # arranged first, so that a fault in this chunk does not hold up the rest
            asyncio.get_running_loop().call_soon(self._take_chunk)
        else:
            self._resume_reading()
        self._take(chunk)

    def _take_rest(self) -> None:
        """Take at once what waits: it was said before the end."""
        rest, self._waiting = self._waiting, b""
        if rest:
            self._take(rest)

    def _take(self, octets: bytes) -> None:
        events = self.connection.receive(octets, self._clock.monotonic())
        if events:
            self._on_events(self, events)
        self.flush()

    def _pause_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self.is_clogged and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._take_rest()
        self._end(f"connection lost: {exc}" if exc else "the peer closed the connection")

    def pause_writing(self) -> None:
        self.is_clogged = True
        self._pause_reading()

    def resume_writing(self) -> None:
        self.is_clogged = False
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._take_chunk)
        else:
            self._resume_reading()
        self._on_events(self, [])

    def tick(self) -> None:
        """Let the session's timers run."""
        events = self.connection.poll(self._clock.monotonic())
        if events:
            self._on_events(self, events)
        self.flush()

    def answer(self, request: Pdu, command_status: int, body: Body | None = None) -> None:
        """Answer a request; does nothing when the session has ended meanwhile: the carrier will ask again."""
        self.connection.respond(request, command_status, body)
        self.flush_soon()

    def flush_soon(self) -> None:
        """Write with everything else of this turn of the loop."""
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write what the session has to say."""
        self._flush_is_due = False
        octets = self.connection.take_output()
        if octets and self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def close(self, reason: str) -> None:
        """Close the socket after what has been written, as far as the peer reads it."""
        self._take_rest()
        self.flush()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)
        self._end(reason)

    def _end(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)
