"""Sends postbacks: pooled, timed, without redirects, cookies, proxies or trust in what comes back.

A client of our own because a general one costs more for a postback than everything else that happens to its
message (docs/decisions/0009-a-small-http-client.md has the figures). A pool belongs to one origin and one set
of allowed private networks, so that a kept connection never serves an account that could not have made it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from functools import partial

import aiodns
import msgspec
import structlog

from aldis.accounts.account import Network
from aldis.channels.http.guard import guarded_socket
from aldis.channels.http.request import Origin, write
from aldis.channels.http.wire import Hangup, Wire
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

log = structlog.get_logger()

#: shorter than what servers commonly keep, so that most idle connections are closed by us
KEEP_ALIVE_S = 15.0
SWEEP_S = 0.1
#: idle connections that one pool keeps
MAX_IDLE = 32


class _Pool:
    """The connections to one origin for one set of networks."""

    __slots__ = ("busy", "idle", "networks", "origin")

    def __init__(self, origin: Origin, networks: tuple[Network, ...]) -> None:
        self.origin = origin
        self.networks = networks
        self.idle: deque[Wire] = deque()
        #: requests that are under way
        self.busy = 0

    def take(self) -> Wire | None:
        """Give the connection that was used last."""
        while self.idle:
            wire = self.idle.pop()
            if wire.is_open:
                return wire
        return None


class _Asking(msgspec.Struct):
    """One request under way."""

    pool: _Pool
    octets: bytes
    limits: Limits
    #: by the loop's clock
    deadline: float
    told: Callable[[Answer], None]


class HttpChannel:
    """Implements `stages.postbacks.channel.Channel`; make and close it inside the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Not the loop's own: that has a few threads for the whole process, and two dead name servers fill
        # them.
        self._resolver = aiodns.DNSResolver()
        self._tls = ssl.create_default_context()
        self._pools: dict[Origin, list[_Pool]] = {}
        self._wires: set[Wire] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._sweeping = self._loop.create_task(self._sweep())

    async def close(self) -> None:
        """Close all connections; who has not been told yet may never be."""
        self._sweeping.cancel()
        for task in self._connecting:
            task.cancel()
        for wire in list(self._wires):
            wire.abort()
        await self._resolver.close()

    def post(self, request: PostbackRequest, limits: Limits, told: Callable[[Answer], None]) -> None:
        """Try once; whatever the peer does becomes an Answer."""
        try:
            origin, octets = write(request)
        except ValueError as fault:
            self._tell(told, Answer(None, _words(fault)))
            return
        pool = self._pool(origin, limits.private_networks)
        pool.busy += 1
        asking = _Asking(pool, octets, limits, self._loop.time() + limits.total_s, told)
        wire = pool.take()
        if wire is None:
            self._connect_soon(asking)
        else:
            wire.ask(octets, asking.deadline, partial(self._hear, asking, wire))

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
            wire.idle_since = self._loop.time()
            asking.pool.idle.append(wire)
        else:
            self._wires.discard(wire)
            wire.abort()
        if fault is None:
            self._end(asking, Answer(status))
        elif isinstance(fault, Hangup) and wire.was_used and wire.got_nothing:
            # A server may close an idle connection just when it is used; whoever heard nothing asks again.
            # Once, on a new one: an endpoint may take a postback and close without a word.
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
        task = self._loop.create_task(self._ask_on_a_new_one(asking))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _ask_on_a_new_one(self, asking: _Asking) -> None:
        try:
            wire = await self._connect(asking)
        except (aiodns.error.DNSError, OSError, ValueError) as fault:
            self._end(asking, Answer(None, _words(fault)))
        except Exception as fault:  # the outermost frame: who asked must hear of it
            log.exception("an endpoint could not be connected to")
            self._end(asking, Answer(None, type(fault).__name__))
        else:
            wire.ask(asking.octets, asking.deadline, partial(self._hear, asking, wire))

    async def _connect(self, asking: _Asking) -> Wire:
        origin, networks = asking.pool.origin, asking.pool.networks
        fault: OSError | None = None
        async with asyncio.timeout_at(min(self._loop.time() + asking.limits.connect_s, asking.deadline)):
            found = await self._resolver.getaddrinfo(origin.host, port=origin.port, type=socket.SOCK_STREAM)
            for node in found.nodes:
                address = (node.addr[0].decode(), *node.addr[1:])
                try:
                    return await self._connect_to(origin, int(node.family), address, networks)
                except OSError as this:
                    fault = fault or this
        raise fault or OSError("the name has no address")

    async def _connect_to(
        self, origin: Origin, family: int, address: tuple[str | int, ...], networks: tuple[Network, ...]
    ) -> Wire:
        made = guarded_socket(family, socket.SOCK_STREAM, 0, str(address[0]), networks)
        try:
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.sock_connect(made, address)
            _, wire = await self._loop.create_connection(
                Wire,
                sock=made,
                ssl=self._tls if origin.is_tls else None,
                server_hostname=origin.host if origin.is_tls else None,
            )
        except BaseException:
            made.close()
            raise
        self._wires.add(wire)
        return wire

    async def _sweep(self) -> None:
        """Time out answers, and close what has been idle for long."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now = self._loop.time()
            await asyncio.sleep(0)  # what came while the loop was kept from reading has not come too late
            for wire in list(self._wires):
                wire.sweep(now)
                if now - wire.idle_since > KEEP_ALIVE_S:
                    wire.abort()
                if not wire.is_open:
                    self._wires.discard(wire)
            self._close_unused()

    def _close_unused(self) -> None:
        for origin, pools in list(self._pools.items()):
            for pool in pools:
                while pool.idle and not pool.idle[0].is_open:
                    pool.idle.popleft()
            pools[:] = [pool for pool in pools if pool.idle or pool.busy]
            if not pools:
                del self._pools[origin]


def _words(fault: Exception) -> str:
    """Say what went wrong, for the operator."""
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, aiodns.error.DNSError):
        return f"the name cannot be resolved: {fault.args[1:] or fault}"
    if isinstance(fault, ValueError) and not isinstance(fault, OSError):
        return "the address cannot be used"  # its text may repeat the address with its secrets
    return str(fault)
