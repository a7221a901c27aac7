"""Sends postbacks: pooled, timed, without redirects, cookies or trust in what comes back.

A client of our own because a general one costs more for a postback than everything else that happens to its
message (docs/decisions/0009-a-small-http-client.md has the figures). A pool belongs to one origin and one set
of allowed private networks, so that a kept connection never serves an account that could not have made it.

Its deadlines are kept by a clock that stands still while the loop is held up, as by a commit that waits for
the disk: what could not be sent or heard meanwhile is no fault of the endpoint's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import islice

import aiodns
import msgspec
import structlog

from aldis.accounts.account import Network
from aldis.channels.http.answer import body_of, retry_after_of
from aldis.channels.http.connecting import SCARCE, ConnectAttempt, EndpointConnector
from aldis.channels.http.proxy import Proxy, refusal_of
from aldis.channels.http.request import Origin, write
from aldis.channels.http.wire import Hangup, Wire
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

log = structlog.get_logger()

#: shorter than what servers commonly keep, so that most idle connections are closed by us
KEEP_ALIVE_S = 15.0
#: how often time is looked at; being late by as much again is being held up
SWEEP_S = 0.1
#: idle connections that one pool keeps
MAX_IDLE = 32
#: connections that may be open in all, and those of them that are idle (`[postbacks]`)
MOST_CONNECTIONS, MOST_IDLE = 512, 256
#: an answer of the proxy's, who does not know us, and not of the endpoint's. Source: RFC 9110 §15.5.8
PROXY_AUTHENTICATION = 407
#: answers that say no more than their status
PLAIN = frozenset((200, 202, 204))


class _Pool:
    """The connections to one origin for one set of networks."""

    __slots__ = ("busy", "idle", "networks", "origin")

    def __init__(self, origin: Origin, networks: tuple[Network, ...]) -> None:
        self.origin = origin
        self.networks = networks
        self.idle: deque[Wire] = deque()
        #: requests that are under way
        self.busy = 0


class _Asking(msgspec.Struct):
    """One request under way."""

    pool: _Pool
    octets: bytes
    limits: Limits
    #: by the channel's clock
    deadline: float
    #: for how long the loop had been held up in all when this was last begun
    held_up_s: float
    told: Callable[[Answer], None]


class HttpChannel:
    """Implements `stages.postbacks.channel.Channel`; make and close it inside the event loop."""

    def __init__(
        self, proxy: Proxy | None = None, most: int = MOST_CONNECTIONS, most_idle: int = MOST_IDLE
    ) -> None:
        """`most`, `most_idle`: connections that may be open, and those of them that nothing is asked of."""
        self._loop = asyncio.get_running_loop()
        self._connector = EndpointConnector(proxy)
        self._through = None if proxy is None else proxy.authorization
        self._pools: dict[Origin, list[_Pool]] = {}
        self._wires: set[Wire] = set()
        self._most, self._most_idle = most, most_idle
        #: those that nothing is asked of, with their pools; the one that was used last is the last
        self._idle: dict[Wire, _Pool] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        #: until when each connection must stand, by the channel's clock
        self._limits: dict[asyncio.Timeout, float] = {}
        self._is_closed = False
        self._held_up_s = 0.0
        self._looked_at = self._loop.time()
        self._sweeping = self._loop.create_task(self._sweep())

    async def close(self) -> None:
        """Close all connections; who has not been told yet may never be."""
        self._is_closed = True
        self._sweeping.cancel()
        for task in self._connecting:
            task.cancel()
        for wire in list(self._wires):
            wire.abort()
        await self._connector.close()

    def post(self, request: PostbackRequest, limits: Limits, told: Callable[[Answer], None]) -> None:
        """Try once; whatever the peer does becomes an Answer."""
        if not request.url.isascii():
            self._soon(self._post_converted(request, limits, told))
            return
        try:
            origin, octets = write(request, self._through)
        except ValueError as fault:
            self._tell(told, Answer(None, _words(fault)))
            return
        self._ask(origin, octets, limits, told)

    async def _post_converted(
        self, request: PostbackRequest, limits: Limits, told: Callable[[Answer], None]
    ) -> None:
        """Post to an address whose host may have to be converted, beside the loop that commits as well."""
        try:
            origin, octets = await asyncio.to_thread(write, request, self._through)
        except ValueError as fault:
            told(Answer(None, _words(fault)))
        except RuntimeError as fault:  # no thread can be started
            told(Answer(None, str(fault), local="threads"))
        else:
            self._ask(origin, octets, limits, told)

    def _ask(self, origin: Origin, octets: bytes, limits: Limits, told: Callable[[Answer], None]) -> None:
        pool = self._pool(origin, limits.private_networks)
        pool.busy += 1
        asking = _Asking(pool, octets, limits, self._time() + limits.total_s, self._held_up_s, told)
        wire = self._take(pool)
        if wire is None:
            self._connect_soon(asking)
        else:
            wire.ask(octets, asking.deadline, partial(self._hear, asking, wire))

    def _take(self, pool: _Pool) -> Wire | None:
        """Give the connection of a pool that was used last."""
        while pool.idle:
            wire = pool.idle.pop()
            self._idle.pop(wire, None)
            if wire.is_open:
                return wire
        return None

    def _close_idle(self, count: int) -> None:
        """Close those that nothing was asked of for longest."""
        for wire in list(islice(self._idle, max(0, count))):
            self._idle.pop(wire).idle.remove(wire)
            self._wires.discard(wire)
            wire.abort()

    def connections(self) -> tuple[int, int]:
        return len(self._wires), len(self._idle)

    def _time(self) -> float:
        """Tell the time by a clock that stands still while the loop is held up."""
        return self._loop.time() - self._held_up_s

    def _was_held_up(self, asking: _Asking) -> bool:
        """Tell whether the loop was held up since a request was begun."""
        self._look_at_the_clock()
        return self._held_up_s > asking.held_up_s

    def _look_at_the_clock(self) -> None:
        """Notice that the loop was held up: it should have been looked at long ago."""
        now = self._loop.time()
        late_s = now - self._looked_at - SWEEP_S
        self._looked_at = now
        if late_s > SWEEP_S:
            self._held_up_s += late_s

    def _pool(self, origin: Origin, networks: tuple[Network, ...]) -> _Pool:
        pools = self._pools.get(origin)
        if pools is None:
            pools = self._pools[origin] = []
        for pool in pools:  # mostly one; networks are slow to hash
            if pool.networks is networks or pool.networks == networks:
                return pool
        pools.append(_Pool(origin, networks))
        return pools[-1]

    def _hear(self, asking: _Asking, wire: Wire, status: int, fault: Exception | None) -> None:
        """Hear how a request ended."""
        if not wire.is_reusable:
            self._wires.discard(wire)
        elif len(asking.pool.idle) < MAX_IDLE:
            wire.idle_since = self._time()
            asking.pool.idle.append(wire)
            self._idle[wire] = asking.pool
            if len(self._idle) > self._most_idle:
                self._close_idle(1)
        else:
            self._wires.discard(wire)
            wire.abort()
        if status == PROXY_AUTHENTICATION and self._through is not None and not asking.pool.origin.is_tls:
            self._end(asking, Answer(None, refusal_of(bytes(wire.received)), local="proxy"))
        elif fault is None:
            is_plain = status in PLAIN and not asking.limits.wants_body
            self._end(asking, Answer(status) if is_plain else _answer(status, wire))
        elif isinstance(fault, Hangup) and wire.got_nothing and (wire.was_used or self._was_held_up(asking)):
            # A server may close an idle connection just when it is used, or one on which we were silent while
            # held up; whoever heard nothing asks again. Once, on a new one: an endpoint may take a postback
            # and close without a word.
            self._connect_soon(asking)
        else:
            self._end(asking, Answer(None, _words(fault)))

    def _end(self, asking: _Asking, answer: Answer) -> None:
        asking.pool.busy -= 1
        self._tell(asking.told, answer)

    def _tell(self, told: Callable[[Answer], None], answer: Answer) -> None:
        """Have an answer told when all that this turn of the loop brings has been read."""
        self._loop.call_soon(told, answer)

    def _connect_soon(self, asking: _Asking) -> None:
        self._soon(self._ask_on_a_new_one(asking))

    def _soon(self, work: Coroutine[None, None, None]) -> None:
        if self._is_closed:
            work.close()
            return
        task = self._loop.create_task(work)
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _ask_on_a_new_one(self, asking: _Asking) -> None:
        asking.held_up_s, attempt = self._held_up_s, ConnectAttempt()
        try:
            wire = await self._connect(asking, attempt)
        except (aiodns.error.DNSError, OSError, ValueError) as fault:
            if self._was_held_up(asking) and self._time() < asking.deadline:
                self._connect_soon(asking)  # nothing was sent: name servers and peers may have waited in vain
                return
            local = await self._connector.local_fault(attempt, fault)
            if local in SCARCE:
                self._close_idle((len(self._idle) + 1) // 2)
            self._end(asking, Answer(None, _words(fault), local=local))
        except Exception as fault:  # the outermost frame: who asked must hear of it
            log.exception("an endpoint could not be connected to")
            self._end(asking, Answer(None, type(fault).__name__))
        else:
            self._wires.add(wire)
            wire.ask(asking.octets, asking.deadline, partial(self._hear, asking, wire))

    async def _connect(self, asking: _Asking, attempt: ConnectAttempt) -> Wire:
        self._close_idle(len(self._wires) + len(self._connecting) - self._most)
        async with asyncio.timeout(None) as limit:
            self._limits[limit] = min(self._time() + asking.limits.connect_s, asking.deadline)
            try:
                return await self._connector.connect(asking.pool.origin, asking.pool.networks, attempt)
            finally:
                del self._limits[limit]

    async def _sweep(self) -> None:
        """Time out what takes too long, and close what has been idle for long."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self._look_at_the_clock()
            now = self._time()
            await asyncio.sleep(0)  # what came while the loop was kept from reading has not come too late
            for limit in [limit for limit, at in self._limits.items() if now >= at]:
                limit.reschedule(self._loop.time())
            for wire in list(self._wires):
                wire.sweep(now)
                if now - wire.idle_since > KEEP_ALIVE_S:
                    wire.abort()
                if not wire.is_open:
                    self._wires.discard(wire)
                    self._idle.pop(wire, None)
            self._close_unused()

    def _close_unused(self) -> None:
        for origin, pools in list(self._pools.items()):
            for pool in pools:
                while pool.idle and not pool.idle[0].is_open:
                    pool.idle.popleft()
            pools[:] = [pool for pool in pools if pool.idle or pool.busy]
            if not pools:
                del self._pools[origin]


def _answer(status: int, wire: Wire) -> Answer:
    """Give an answer with what an operator may want to know of it."""
    return Answer(status, "", retry_after_of(wire.received), body_of(wire.received))


def _words(fault: Exception) -> str:
    """Say what went wrong, for the operator."""
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, aiodns.error.DNSError):
        return f"the name cannot be resolved: {fault.args[1:] or fault}"
    if isinstance(fault, ValueError) and not isinstance(fault, OSError):
        return "the address cannot be used"  # its text may repeat the address with its secrets
    return str(fault)
