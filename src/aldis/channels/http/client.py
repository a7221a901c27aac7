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
from functools import lru_cache
from urllib.parse import quote, urlsplit

import aiodns
import msgspec

from aldis import __version__
from aldis.accounts.account import Network
from aldis.channels.http.guard import guarded_socket
from aldis.channels.http.wire import Hangup, Wire
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

#: shorter than what servers commonly keep, so that most idle connections are closed by us
KEEP_ALIVE_S = 15.0
SWEEP_S = 0.1
#: idle connections that one pool keeps
MAX_IDLE = 32
DEFAULT_PORTS = {"http": 80, "https": 443}
#: what may stand in a request target besides letters and digits (RFC 3986 §2)
_TARGET = "%/:?#[]@!$&'()*+,;=-._~"


class Origin(msgspec.Struct, frozen=True):
    """Where a URL leads."""

    is_tls: bool
    host: str
    port: int
    #: what stands in the Host header
    authority: str


_Key = tuple[Origin, tuple[Network, ...]]


class HttpChannel:
    """Implements `stages.postbacks.channel.Channel`; make and close it inside the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Not the loop's own: that has a few threads for the whole process, and two dead name servers fill
        # them.
        self._resolver = aiodns.DNSResolver()
        self._tls = ssl.create_default_context()
        self._idle: dict[_Key, deque[Wire]] = {}
        self._wires: set[Wire] = set()
        self._sweeping = self._loop.create_task(self._sweep())

    async def close(self) -> None:
        """Close all connections."""
        self._sweeping.cancel()
        for wire in self._wires:
            wire.abort()
        await self._resolver.close()

    async def post(self, request: PostbackRequest, limits: Limits) -> Answer:
        """Try once; whatever the peer does becomes an Answer."""
        deadline = self._loop.time() + limits.total_s
        try:
            origin, target = _split(request.url)
            octets = _write(request, origin, target)
            return Answer(await self._ask((origin, limits.private_networks), octets, limits, deadline))
        except TimeoutError:
            return Answer(None, "no answer in time")
        except Hangup as fault:
            return Answer(None, str(fault))
        except aiodns.error.DNSError as fault:
            return Answer(None, f"the name cannot be resolved: {fault.args[1:] or fault}")
        except (OSError, ValueError) as fault:
            # A ValueError's text may repeat the address with its secrets.
            return Answer(None, str(fault) if isinstance(fault, OSError) else "the address cannot be used")

    async def _ask(self, key: _Key, octets: bytes, limits: Limits, deadline: float) -> int:
        idle = self._idle.get(key)
        while idle:
            wire = idle.pop()
            if not wire.is_open:
                continue
            try:
                return await self._exchange(key, wire, octets, deadline)
            except Hangup:
                # A server may close an idle connection just when it is used; whoever heard nothing asks
                # again.
                if not wire.heard_nothing:
                    raise
                break  # once: an endpoint may take a postback and close without a word
        wire = await self._connect(key, limits, deadline)
        return await self._exchange(key, wire, octets, deadline)

    async def _exchange(self, key: _Key, wire: Wire, octets: bytes, deadline: float) -> int:
        try:
            status = await wire.ask(octets, deadline)
        except asyncio.CancelledError:
            wire.abort()
            raise
        finally:
            if not wire.is_reusable:
                self._wires.discard(wire)
        if wire.is_reusable:
            idle = self._idle.setdefault(key, deque())
            if len(idle) < MAX_IDLE:
                wire.idle_since = self._loop.time()
                idle.append(wire)
            else:
                self._wires.discard(wire)
                wire.abort()
        return status

    async def _connect(self, key: _Key, limits: Limits, deadline: float) -> Wire:
        origin, networks = key
        fault: OSError | None = None
        async with asyncio.timeout_at(min(self._loop.time() + limits.connect_s, deadline)):
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
            for wire in list(self._wires):
                wire.sweep(now)
                if now - wire.idle_since > KEEP_ALIVE_S:
                    wire.abort()
                if not wire.is_open:
                    self._wires.discard(wire)
            for key, idle in list(self._idle.items()):
                while idle and not idle[0].is_open:
                    idle.popleft()
                if not idle:
                    del self._idle[key]


@lru_cache(maxsize=4096)
def _split(url: str) -> tuple[Origin, bytes]:
    """Take a URL apart into where it leads and the request target. Raises ValueError."""
    parts = urlsplit(url)
    default = DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname:
        raise ValueError("not an HTTP address")
    host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
    port = parts.port or default
    named = f"[{host}]" if ":" in host else host
    authority = named if port == default else f"{named}:{port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin(parts.scheme == "https", host, port, authority), quote(target, safe=_TARGET).encode()


def _write(request: PostbackRequest, origin: Origin, target: bytes) -> bytes:
    """Write a request in one piece. Raises ValueError when a header would break out of its line."""
    lines = [
        f"Host: {origin.authority}",
        f"User-Agent: Aldis/{__version__}",
        "Accept: */*",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    is_told = any(name.lower() == "content-length" for name, _ in request.headers)
    if not is_told and (request.body or request.method != "GET"):
        lines.append(f"Content-Length: {len(request.body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header with a line break")
    head = "\r\n".join(lines).encode("latin-1")
    return b"%b %b HTTP/1.1\r\n%b\r\n\r\n%b" % (request.method.encode(), target, head, request.body)
