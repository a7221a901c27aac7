"""Accepts connections for whoever speaks a protocol: each is counted before anything else happens to it, and
one with TLS must have shaken hands in time.

The handshake is made above a socket that is counted already. Of a connection that the event loop's own TLS
servers accept we would hear when it has shaken hands, and a silent peer costs a descriptor until then.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from aldis.errors import SettingsError
from aldis.listening.certificate import ShownCertificate
from aldis.listening.guard import Guard
from aldis.listening.inline_task import InlineTask
from aldis.listening.slot import ConnectionSlot, stays

BACKLOG = 2048

#: gives who speaks with the peer of a connection; it gives the slot back when the connection is lost
Speak = Callable[[ConnectionSlot], asyncio.Protocol]
#: has the peer of a transport shake hands, and a protocol told what it says meanwhile
Secure = Callable[[asyncio.Transport, asyncio.Protocol], Awaitable[asyncio.Transport | None]]


class ListenerSettings(msgspec.Struct, frozen=True):
    """Where to listen and how."""

    host: str
    port: int
    #: PEM files; both or neither
    certificate: Path | None = None
    key: Path | None = None
    #: how long a handshake may take, and how long the end of TLS
    handshake_s: float = 5.0
    #: whose these are, for faults
    name: str = "the door"


class SocketListener:
    """One listening socket. Raises SettingsError when its port is taken or its certificate is no good."""

    def __init__(self, settings: ListenerSettings, guard: Guard, speak: Speak) -> None:
        self.guard = guard
        self._settings = settings
        self._speak = speak
        self._shown: ShownCertificate | None = None
        if settings.certificate is not None:
            self._shown = ShownCertificate(settings.name, settings.certificate, settings.key)
        self._socket = _listen(settings)
        self._server: asyncio.Server | None = None
        #: those that shake hands
        self._shaking: set[asyncio.Transport] = set()

    @property
    def port(self) -> int:
        """The port, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    @property
    def is_tls(self) -> bool:
        """Whether peers speak TLS."""
        return self._shown is not None

    async def start(self) -> None:
        """Accept connections from now on."""
        self._server = await asyncio.get_running_loop().create_server(
            self._accept, sock=self._socket, backlog=BACKLOG
        )

    def close(self) -> None:
        """Accept no more."""
        if self._server is not None:
            self._server.close()
        self._socket.close()
        for wire in list(self._shaking):
            wire.abort()

    def _accept(self) -> _Accepted:
        shown = self._shown
        return _Accepted(self.guard, self._speak, None if shown is None else partial(self._secure, shown))

    async def _secure(
        self, shown: ShownCertificate, wire: asyncio.Transport, protocol: asyncio.Protocol
    ) -> asyncio.Transport | None:
        """Shake hands; None where that fails or takes too long."""
        loop, seconds = asyncio.get_running_loop(), self._settings.handshake_s
        self._shaking.add(wire)
        try:
            secured = await loop.start_tls(
                wire,
                protocol,
                shown.context(loop.time()),
                server_side=True,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=seconds,
            )
        except OSError:  # of TLS, of time, of a peer that left
            return None
        finally:
            self._shaking.discard(wire)
        return None if secured is None or secured.is_closing() else secured


class _Accepted(asyncio.Protocol):
    """A connection from its accept until its protocol begins."""

    def __init__(self, guard: Guard, speak: Speak, secure: Secure | None) -> None:
        self._guard = guard
        self._speak = speak
        self._secure = secure
        #: what came with the end of the handshake
        self._early: list[bytes] = []
        self._slot: ConnectionSlot | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it in, and have it begin."""
        wire = cast("asyncio.Transport", transport)  # uvloop's do not inherit from asyncio's
        peer = wire.get_extra_info("peername")
        slot = self._slot = self._guard.admit(str(peer[0]) if isinstance(peer, tuple) else "")
        if slot is None:
            wire.abort()
        elif self._secure is None:
            self._begin(wire, slot)
        else:
            # at once: behind this call uvloop begins to read, also where it was told to pause
            slot.give_way = partial(_end, wire)
            InlineTask(self._begin_secured(self._secure(wire, self), slot), lambda _: None)

    async def _begin_secured(
        self, securing: Awaitable[asyncio.Transport | None], slot: ConnectionSlot
    ) -> None:
        wire = await securing
        if wire is None:
            slot.free()
            return
        slot.give_way = stays
        speaker = self._begin(wire, slot)
        for octets in self._early:
            speaker.data_received(octets)

    def _begin(self, wire: asyncio.Transport, slot: ConnectionSlot) -> asyncio.Protocol:
        speaker = self._speak(slot)
        wire.set_protocol(speaker)
        speaker.connection_made(wire)
        return speaker

    def data_received(self, data: bytes) -> None:
        """Keep what comes before the protocol has begun."""
        self._early.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count out what never began."""
        del exc
        if self._slot is not None:
            self._slot.free()


def _end(wire: asyncio.Transport, *, if_idle: bool) -> bool:
    """End a connection whose peer shakes hands."""
    del if_idle
    wire.abort()
    return True


def _listen(settings: ListenerSettings) -> socket.socket:
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with its protocol named, or asyncio leaves Nagle on: 40 ms an answer
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as fault:
        listening.close()
        where = f"{settings.name} cannot listen on {host}:{port}"
        raise SettingsError([f"{where}: {fault.strerror}; is something else running there?"]) from None
    listening.setblocking(False)
    return listening
