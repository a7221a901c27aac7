"""One SMPP link: a bind to an SMSC that comes back by itself, with a window of unanswered submits.

Implements `stages.sending.upstream.Upstream`. The protocol is `smpp/connection.py`; this file owns the
socket, the clock's ticks and the reconnecting. A submit that was written and not answered when the connection
ends is reported as InDoubt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import msgspec
import structlog

from aldis.clock import Clock
from aldis.errors import LocalProtocolError
from aldis.links.smpp import backoff, translate, verdicts
from aldis.smpp import status
from aldis.smpp.command import CommandId
from aldis.smpp.connection import (
    BindAnswered,
    Connection,
    Event,
    RequestArrived,
    ResponseArrived,
    ResponseOverdue,
    SessionEnded,
)
from aldis.smpp.pdus import Bind, Pdu, ShortMessageBody
from aldis.smpp.session import Role
from aldis.smpp.timers import Timers
from aldis.stages.sending.upstream import InDoubt, Outbound, Outcome, Rejected
from aldis.telemetry import Metrics
from aldis.traffic.receipt import Receipt

log = structlog.get_logger()

TICK_S = 0.2
CONNECT_S = 10.0


class LinkSettings(msgspec.Struct, frozen=True):
    """Where an SMSC is and how to speak to it."""

    name: str
    host: str
    port: int
    system_id: str
    password: str
    system_type: str
    window: int
    timers: Timers


class SmppLink:
    """A link that is either bound or on its way there."""

    def __init__(
        self,
        settings: LinkSettings,
        clock: Clock,
        luck: Callable[[], float],
        metrics: Metrics,
        on_receipt: Callable[[Receipt, Callable[[bool], None]], None],
    ) -> None:
        self.name = settings.name
        self.window = settings.window
        self.on_outcome: Callable[[Outbound, Outcome], None] = lambda _segment, _outcome: None
        self.on_change: Callable[[], None] = lambda: None
        self._settings = settings
        self._clock = clock
        self._luck = luck
        self._on_receipt = on_receipt
        self._session: _Session | None = None
        self._stopping = asyncio.Event()
        self._up = metrics.link_up.labels(settings.name)
        self._in_flight = metrics.link_in_flight.labels(settings.name)
        self._up.set(0)

    @property
    def is_up(self) -> bool:
        """Whether the bind stands."""
        return self._session is not None and self._session.connection.is_bound

    def room(self) -> int:
        """How many more submits fit into the window."""
        session = self._session
        if session is None or not session.connection.is_bound or session.is_clogged:
            return 0
        return self.window - session.connection.in_flight

    def submit(self, segment: Outbound) -> None:
        """Put a segment on the wire with the next flush; its outcome comes through `on_outcome`."""
        session = self._session
        if session is None:
            self.on_outcome(segment, InDoubt("link down"))
            return
        try:
            body = translate.to_submit_sm(segment)
            session.connection.request(CommandId.submit_sm, body, segment, self._clock.monotonic())
        except LocalProtocolError as fault:
            log.error(
                "a segment cannot be said in SMPP",
                link=self.name,
                message_id=segment.message_id,
                fault=str(fault),
            )
            self.on_outcome(segment, Rejected("cannot be encoded for this link"))
            return
        session.flush_soon()

    async def run(self) -> None:
        """Stay bound until stopped."""
        failures = 0
        while not self._stopping.is_set():
            refused = False
            try:
                refused, was_bound = await self._one_session()
                failures = 1 if was_bound else failures + 1
            except (OSError, TimeoutError) as fault:
                failures += 1
                log.warning("link unreachable", link=self.name, fault=str(fault) or type(fault).__name__)
            except Exception:  # an agent's outermost frame: a link comes back whatever happened
                failures += 1
                log.exception("link failed", link=self.name)
            if not self._stopping.is_set():
                wait = backoff.wait_s(failures, self._luck(), refused=refused)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), wait)

    async def stop(self, grace_s: float) -> None:
        """Unbind in good order; closes the socket anyway when the SMSC does not answer in time."""
        self._stopping.set()
        session = self._session
        if session is not None:
            session.connection.unbind()
            session.flush()
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(session.ended), grace_s)
            session.close("stopping")

    async def _one_session(self) -> tuple[bool, bool]:
        """Connect, bind, and stay until it ends; returns (bind was refused, bind had succeeded)."""
        loop = asyncio.get_running_loop()
        settings = self._settings
        async with asyncio.timeout(CONNECT_S):
            _, session = await loop.create_connection(
                lambda: _Session(self._clock, settings.timers, self._take_events),
                settings.host,
                settings.port,
            )
        self._session = session
        bind = Bind(
            system_id=settings.system_id, password=settings.password, system_type=settings.system_type
        )
        session.connection.bind(CommandId.bind_transceiver, bind)
        session.flush()
        try:
            while not session.ended.done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(session.ended), TICK_S)
                session.tick()
                self._in_flight.set(session.connection.in_flight)
            reason = session.ended.result() if session.ended.done() else "stopping"
        finally:
            self._session = None
            self._up.set(0)
            self._in_flight.set(0)
            session.close("leaving")
            for segment in session.connection.abandon():
                self.on_outcome(segment, InDoubt("connection lost"))
            self.on_change()
        if session.was_bound and not self._stopping.is_set():
            log.warning("link down", link=self.name, reason=reason)
        return session.bind_refused, session.was_bound

    def _take_events(self, session: _Session, events: list[Event[Outbound]]) -> None:
        for event in events:
            if type(event) is ResponseArrived:  # by far the most frequent
                self.on_outcome(event.context, verdicts.judge(event.pdu))
                continue
            match event:
                case RequestArrived(pdu):
                    self._take_request(session, pdu)
                case BindAnswered(command_status):
                    self._take_bind_answer(session, command_status)
                case ResponseOverdue(segment):
                    self.on_outcome(segment, InDoubt("response overdue"))
                case SessionEnded(reason):
                    session.close(reason)
        self.on_change()

    def _take_bind_answer(self, session: _Session, command_status: int) -> None:
        if command_status == status.ESME_ROK:
            session.was_bound = True
            self._up.set(1)
            log.info("link up", link=self.name)
        else:
            session.bind_refused = True
            log.error("bind refused", link=self.name, command_status=status.name(command_status))
            session.close("bind refused")

    def _take_request(self, session: _Session, pdu: Pdu) -> None:
        body = pdu.body
        if not isinstance(body, ShortMessageBody):
            session.answer(pdu, status.ESME_RINVCMDID)
        elif not translate.is_receipt(body, pdu):
            # Inbound messages are not kept yet; a permanent "no" tells the carrier so, where a yes would lose
            # them.
            log.warning("an inbound message was refused", link=self.name)
            session.answer(pdu, status.ESME_RX_P_APPN)
        else:
            receipt = translate.to_receipt(self.name, body, pdu, self._clock.now())
            if receipt is None:
                log.warning("a receipt names no message", link=self.name)
                session.answer(pdu, status.ESME_ROK)
                return
            self._on_receipt(
                receipt, lambda kept: session.answer(pdu, status.ESME_ROK if kept else status.ESME_RX_T_APPN)
            )


class _Session(asyncio.Protocol):
    """One TCP connection with the SMPP session on it."""

    def __init__(
        self, clock: Clock, timers: Timers, on_events: Callable[[_Session, list[Event[Outbound]]], None]
    ) -> None:
        self.connection: Connection[Outbound] = Connection(Role.ESME, clock.monotonic(), timers)
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.was_bound = False
        self.bind_refused = False
        self.is_clogged = False
        self._clock = clock
        self._on_events = on_events
        self._transport: asyncio.Transport | None = None
        self._flush_is_due = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        events = self.connection.receive(data, self._clock.monotonic())
        if events:
            self._on_events(self, events)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {exc}" if exc else "the peer closed the connection")

    def pause_writing(self) -> None:
        self.is_clogged = True

    def resume_writing(self) -> None:
        self.is_clogged = False
        self._on_events(self, [])

    def tick(self) -> None:
        """Let the session's timers run."""
        events = self.connection.poll(self._clock.monotonic())
        if events:
            self._on_events(self, events)
        self.flush()

    def answer(self, request: Pdu, command_status: int) -> None:
        """Answer a request; does nothing when the session has ended meanwhile: the carrier will ask again."""
        self.connection.respond(request, command_status)
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
        """Close the socket after what has been written."""
        self.flush()
        if self._transport is not None:
            self._transport.close()
        self._end(reason)

    def _end(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)
