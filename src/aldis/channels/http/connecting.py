"""Opens connections to endpoints: a name's addresses are tried as browsers try them, each of them judged; or
all goes through the operator's proxy, and nothing beside it.

A second address is tried a moment after the first, so that one that swallows packets (mostly IPv6) costs a
quarter of a second and not the time that the postback has. Source: RFC 8305 §5 (connection attempt delay).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial

import aiodns
import aiohappyeyeballs

from aldis.accounts.account import Network
from aldis.channels.http.guard import check_name, guarded_socket
from aldis.channels.http.proxy import MAX_ANSWER_OCTETS, Proxy, connect_request, refusal_of
from aldis.channels.http.request import Origin
from aldis.channels.http.wire import Wire

#: how long an address has before the next one is tried beside it
NEXT_ADDRESS_S = 0.25


class EndpointConnector:
    """Makes connections; made and closed inside the event loop. Its callers bound the time."""

    def __init__(self, proxy: Proxy | None) -> None:
        self._loop = asyncio.get_running_loop()
        # Not the loop's own: that has a few threads for the whole process, and two dead name servers fill
        # them.
        self._resolver = aiodns.DNSResolver()
        self._tls = ssl.create_default_context()
        self._proxy = proxy

    async def close(self) -> None:
        """Close the connections to name servers."""
        await self._resolver.close()

    async def connect(self, origin: Origin, networks: tuple[Network, ...]) -> Wire:
        """Connect to an origin. Raises OSError (AddressNotAllowed), aiodns.error.DNSError."""
        if self._proxy is None:
            made = await self._open(origin.host, origin.port, partial(_guarded, networks))
        else:
            check_name(origin.host, networks)
            made = await self._open(self._proxy.host, self._proxy.port, _unguarded)
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

    async def _open(self, host: str, port: int, make: aiohappyeyeballs.SocketFactoryType) -> socket.socket:
        found = await self._resolver.getaddrinfo(host, port=port, type=socket.SOCK_STREAM)
        addresses = [
            (int(node.family), socket.SOCK_STREAM, 0, "", (node.addr[0].decode(), *node.addr[1:]))
            for node in found.nodes
        ]
        if not addresses:
            raise OSError("the name has no address")
        return await aiohappyeyeballs.start_connection(
            addresses, happy_eyeballs_delay=NEXT_ADDRESS_S, socket_factory=make
        )

    async def _open_tunnel(self, made: socket.socket, origin: Origin, proxy: Proxy) -> None:
        """Have the proxy connect us. Source: RFC 9110 §9.3.6."""
        await self._loop.sock_sendall(made, connect_request(origin, proxy))
        answer = b""
        while b"\r\n\r\n" not in answer:
            octets = await self._loop.sock_recv(made, MAX_ANSWER_OCTETS)
            answer += octets
            if not octets or len(answer) > MAX_ANSWER_OCTETS:
                raise OSError("the proxy did not answer in HTTP")
        refusal = refusal_of(answer)
        if refusal:
            raise OSError(refusal)


def _guarded(networks: tuple[Network, ...], info: aiohappyeyeballs.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, address = info
    return guarded_socket(family, kind, protocol, str(address[0]), networks)


def _unguarded(info: aiohappyeyeballs.AddrInfoType) -> socket.socket:
    """Make a socket to the proxy, which stands in the operator's own network."""
    family, kind, protocol, _, _ = info
    return socket.socket(family, kind, protocol)
