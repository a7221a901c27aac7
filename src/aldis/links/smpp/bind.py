"""One bind of a link: connects, binds, stays, and comes back by itself.

What happens on it is the link's business (`link.py`); this file owns the coming and going. Unreachable,
refused and lost are told apart: a refused bind, or a certificate that does not hold, waits long from the
start, because asking again changes nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog

from aldis.clock import Clock
from aldis.links.smpp import backoff
from aldis.links.smpp.session import SmppSession
from aldis.smpp import status
from aldis.smpp.command import CommandId
from aldis.smpp.connection import Event
from aldis.smpp.pdus import Bind as BindBody
from aldis.smpp.session import SessionState
from aldis.smpp.timers import Timers
from aldis.stages.sending.upstream import CLOSED, Outbound
from aldis.telemetry import Metrics

log = structlog.get_logger()

TICK_S = 0.2
CONNECT_S = 10.0


class BindSettings(msgspec.Struct, frozen=True):
    """Where an SMSC is and how to introduce oneself."""

    link: str
    host: str
    port: int
    body: BindBody
    timers: Timers
    tls: ssl.SSLContext | None = None


class LinkEvents(msgspec.Struct, frozen=True):
    """What a bind tells its link."""

    #: events of a session, oldest first
    on_events: Callable[[SmppSession, list[Event[Outbound]]], None]
    #: a session has ended; these were submitted and not answered
    on_lost: Callable[[list[Outbound]], None]


class Bind:
    """A bind that stands, or is on its way there."""

    def __init__(
        self,
        settings: BindSettings,
        command: CommandId,
        clock: Clock,
        jitter: Callable[[], float],
        metrics: Metrics,
        told: LinkEvents,
    ) -> None:
        self._settings = settings
        self._command = command
        self._clock = clock
        self._jitter = jitter
        self._failures = metrics.bind_failures
        self._told = told
        self._is_stopping = False
        self._is_closed = False
        #: ends a wait early: something was ordered
        self._ordered = asyncio.Event()
        self.session: SmppSession | None = None
        #: "bound", or why it is not, for people
        self.condition = "connecting"
        #: what last brought it down or kept it down, and when (Unix milliseconds)
        self.last_error, self.last_error_at = "", 0

    @property
    def sends(self) -> bool:
        """Whether messages may be submitted on it, once it stands."""
        return self._command is not CommandId.bind_receiver

    @property
    def is_up(self) -> bool:
        """Whether it stands."""
        session = self.session
        return session is not None and not session.ended.done() and session.connection.is_bound

    def room(self, window: int) -> int:
        """How many more submits fit into its window; 0 while it does not stand."""
        session = self.session
        if session is None or session.is_clogged or session.ended.done():
            return 0
        if not session.connection.takes_requests:
            return 0
        if session.connection.state is SessionState.BOUND_RX:
            return 0
        return window - session.connection.in_flight

    async def run(self) -> None:
        """Stay bound until stopped, but for the time in which it is closed."""
        failures = 0
        while not self._is_stopping:
            self._ordered.clear()
            if self._is_closed:
                self.condition, failures = CLOSED, 0
                await self._ordered.wait()
                continue
            hopeless, was_good = await self._one_try()
            failures = 1 if was_good else failures + 1
            if not self._is_leaving:
                wait = backoff.wait_s(failures, self._jitter(), refused=hopeless)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ordered.wait(), wait)

    def open(self) -> None:
        """Come back after `close`."""
        if self._is_closed:
            self._is_closed, self.condition = False, "connecting"
            self._ordered.set()

    async def close(self, grace_s: float) -> None:
        """Unbind as `stop` does, and stay away until opened."""
        self._is_closed, self.condition = True, CLOSED
        await self._leave(grace_s)

    async def stop(self, grace_s: float) -> None:
        """Unbind in good order; closes the socket anyway when the SMSC does not answer in time."""
        self._is_stopping = True
        await self._leave(grace_s)

    @property
    def _is_leaving(self) -> bool:
        return self._is_stopping or self._is_closed

    async def _leave(self, grace_s: float) -> None:
        self._ordered.set()
        session = self.session
        if session is not None:
            session.connection.unbind()
            session.flush()
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(session.ended), grace_s)
            session.close("stopping")

    async def _one_try(self) -> tuple[bool, bool]:
        """Hold one session; returns (trying again soon is useless, it was a good one while it lasted)."""
        name = self._settings.link
        try:
            session = await self._one_session()
        except ssl.SSLCertVerificationError as fault:
            self._note("refused", f"the certificate does not hold: {fault.verify_message}")
            return True, False
        except TimeoutError:
            self._note("unreachable", "unreachable: time-out")
            return False, False
        except OSError as fault:
            self._note("unreachable", f"unreachable: {fault.strerror or str(fault) or type(fault).__name__}")
            return False, False
        except Exception:  # an agent's outermost frame: a bind comes back whatever happened
            self._note("failed", "failed")
            log.exception("bind failed", link=name)
            return False, False
        if session.refusal is not None:
            self._note("refused", f"refused: {status.name(session.refusal)}")
            return True, False
        if not self._is_leaving:
            self._note("lost", f"lost: {session.ended.result() if session.ended.done() else 'stopping'}")
        return False, session.was_bound and (session.has_carried or not session.is_troubled)

    def _note(self, kind: str, condition: str) -> None:
        self.last_error, self.last_error_at = condition, self._clock.now()
        self.condition = CLOSED if self._is_closed else condition
        self._failures.labels(self._settings.link, kind).inc()
        log.warning("link not bound", link=self._settings.link, bind=self._command.name, condition=condition)

    async def _one_session(self) -> SmppSession:
        """Connect, bind, and stay until it ends."""
        loop = asyncio.get_running_loop()
        settings = self._settings
        async with asyncio.timeout(CONNECT_S):
            _, session = await loop.create_connection(
                lambda: SmppSession(self._clock, settings.timers, self._told.on_events),
                settings.host,
                settings.port,
                ssl=settings.tls,
            )
        self.session = session
        try:
            if self._is_leaving:  # while we were connecting
                session.close("stopping")
            else:
                session.connection.bind(self._command, settings.body)
                session.flush()
            while not session.ended.done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(session.ended), TICK_S)
                session.tick()
        finally:
            self.session = None
            session.close("leaving")
            self._told.on_lost(session.connection.abandon())
        return session
