"""Opens connections to endpoints: a name's addresses are tried as browsers try them, each of them judged; or
all goes through the operator's proxy, and nothing beside it.

A second address is tried a moment after the first, so that one that swallows packets (mostly IPv6) costs a
quarter of a second and not the time that the postback has. Source: RFC 8305 §5 (connection attempt delay).
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import aiodns
import aiohappyeyeballs

from aldis.accounts.account import Network
from aldis.channels.http.answer import status_of
from aldis.channels.http.guard import AddressNotAllowed, check_name, guarded_socket
from aldis.channels.http.proxy import MAX_ANSWER_OCTETS, Proxy, connect_request, refusal_of
from aldis.channels.http.request import Origin
from aldis.channels.http.resolver import Resolver
from aldis.channels.http.wire import Wire

#: how long an address has before the next one is tried beside it
NEXT_ADDRESS_S = 0.25
#: what this machine has too few of, or does not allow
LOCAL = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EACCES, errno.EPERM, errno.ENETDOWN)
)
#: it has no way there: no route, no address, no port of its own that is free
NO_ROUTE = frozenset((errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EAFNOSUPPORT))
#: of these an idle connection has what another one needs
SCARCE = frozenset(("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL"))
#: a proxy's answers that are about us and not about the endpoint, besides no HTTP. Source: RFC 9110 §15.5.8,
#: RFC 6585 §4
PROXYS_OWN = frozenset((0, 407, 429))
_errnos = re.compile(r"\[Errno (\d+)\]").findall


class ProxyFault(OSError):
    """The operator's proxy does not do its work for us."""


class ConnectAttempt:
    """How far one attempt at connecting has come."""

    __slots__ = ("addresses", "is_taken")

    def __init__(self) -> None:
        #: None until they are known
        self.addresses: list[aiohappyeyeballs.AddrInfoType] | None = None
        #: whether somebody has taken the connection
        self.is_taken = False


class EndpointConnector:
    """Makes connections; made and closed inside the event loop. Its callers bound the time."""

    def __init__(self, proxy: Proxy | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._resolver = Resolver()
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._proxy = proxy
        self._knows_authorities = _knows_authorities(self._tls)

    async def close(self) -> None:
        """Close the connections to name servers."""
        await self._resolver.close()

    async def connect(self, origin: Origin, networks: tuple[Network, ...], attempt: ConnectAttempt) -> Wire:
        """Connect to an origin. Raises OSError (AddressNotAllowed), aiodns.error.DNSError."""
        if self._proxy is None:
            made = await self._open(origin.host, origin.port, partial(_guarded, networks), attempt)
        else:
            check_name(origin.host, networks)
            made = await self._open(self._proxy.host, self._proxy.port, _unguarded, attempt)
        attempt.is_taken = True
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._proxy is not None and origin.is_tls:
                await self._open_tunnel(made, origin, self._proxy)
            _, wire = await self._loop.create_connection(
                Wire,
                sock=made,
                ssl=self._tls if origin.is_tls else None,
                server_hostname=origin.host.removesuffix(".") if origin.is_tls else None,
            )
        except BaseException:  # also when cancelled: nobody else knows the socket
            made.close()
            raise
        return wire

    async def local_fault(self, attempt: ConnectAttempt, fault: Exception) -> str:
        """Say at what of ours, as the resolver or the proxy, an attempt has failed; "": at the endpoint."""
        if isinstance(fault, ProxyFault):
            return "proxy"
        if isinstance(fault, ssl.SSLCertVerificationError) and not self._knows_authorities:
            return "authorities"
        if attempt.is_taken or isinstance(fault, AddressNotAllowed):
            return ""
        if local := _local_errno(fault, attempt.addresses or ()):
            return local
        if self._proxy is not None:
            return "proxy"
        if attempt.addresses is None and isinstance(fault, aiodns.error.DNSError | TimeoutError):
            return "resolver" if await self._resolver.is_down(fault) else ""
        return ""

    async def _open(
        self, host: str, port: int, make: aiohappyeyeballs.SocketFactoryType, attempt: ConnectAttempt
    ) -> socket.socket:
        attempt.addresses = await self._resolver.addresses(host, port)
        return await aiohappyeyeballs.start_connection(
            attempt.addresses, happy_eyeballs_delay=NEXT_ADDRESS_S, socket_factory=make
        )

    async def _open_tunnel(self, made: socket.socket, origin: Origin, proxy: Proxy) -> None:
        """Have the proxy connect us. Source: RFC 9110 §9.3.6."""
        await self._loop.sock_sendall(made, connect_request(origin, proxy))
        answer = b""
        while b"\r\n\r\n" not in answer:
            octets = await self._loop.sock_recv(made, MAX_ANSWER_OCTETS)
            answer += octets
            if not octets or len(answer) > MAX_ANSWER_OCTETS:
                raise ProxyFault("the proxy did not answer in HTTP")
        if refusal := refusal_of(answer):
            raise (ProxyFault if status_of(answer) in PROXYS_OWN else OSError)(refusal)


def _knows_authorities(context: ssl.SSLContext) -> bool:
    """Tell whether any certificate can be believed: none is in containers without `ca-certificates`."""
    if context.cert_store_stats()["x509_ca"]:
        return True
    folder = ssl.get_default_verify_paths().capath or ""  # of which each is read when it is needed
    return bool(folder) and any(Path(folder).iterdir())


def _local_errno(fault: Exception, addresses: Sequence[aiohappyeyeballs.AddrInfoType]) -> str:
    """Name the errno where this machine is to blame for all that was met at a name's addresses.

    No IPv6 is common and no fault: a machine without it is not to blame for what has no address besides.
    """
    if not isinstance(fault, OSError):
        return ""
    met = {fault.errno} if fault.errno else {int(each) for each in _errnos(str(fault))}
    has_ipv4 = any(family == socket.AF_INET for family, *_ in addresses)
    ours = LOCAL | NO_ROUTE if has_ipv4 or not addresses else LOCAL
    if not met or not met <= ours:
        return ""
    return errno.errorcode[next(iter(met - NO_ROUTE or met))]


def _guarded(networks: tuple[Network, ...], info: aiohappyeyeballs.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, address = info
    return guarded_socket(family, kind, protocol, str(address[0]), networks)


def _unguarded(info: aiohappyeyeballs.AddrInfoType) -> socket.socket:
    """Make a socket to the proxy, which stands in the operator's own network."""
    family, kind, protocol, _, _ = info
    return socket.socket(family, kind, protocol)
