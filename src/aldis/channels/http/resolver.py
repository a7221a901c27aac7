"""Looks names up, and tells whether it is we who cannot: that is no fault of the endpoint's.

That there is no answer about a name may be the fault of its own name servers as well as of ours. So ours are
asked then for what every resolver of public names knows: the root.
"""

from __future__ import annotations

import asyncio
import socket
from math import inf

import aiodns
import aiohappyeyeballs
from pycares import errno

#: addresses of a name that are tried
MAX_ADDRESSES = 4
#: how long name servers have to know the root, and how long what came of it holds
PROBE_S, PROBE_KEPT_S = 2.0, 5.0
#: a name server has answered, and there is no such name or address
_ANSWERS = frozenset((errno.ARES_ENODATA, errno.ARES_ENOTFOUND))
#: no name is looked up with these, whichever it is
_OURS = frozenset(
    (
        errno.ARES_ECONNREFUSED,
        errno.ARES_EFILE,
        errno.ARES_ENOMEM,
        errno.ARES_EDESTRUCTION,
        errno.ARES_ENOTINITIALIZED,
        errno.ARES_ECANCELLED,
    )
)


class Resolver:
    """Asks the machine's name servers; made and closed inside the event loop."""

    def __init__(self, servers: tuple[str, ...] = (), port: int = 0) -> None:
        """`servers`, `port`: others than the machine's."""
        self._loop = asyncio.get_running_loop()
        self._servers, self._port = servers or None, port or None
        # Not the loop's own: that has a few threads for the whole process, and two dead name servers fill
        # them.
        self._dns = self._new()
        #: whether the root was known, and until when that holds
        self._probing: asyncio.Task[bool] | None = None
        self._probed_until = -inf

    def _new(self) -> aiodns.DNSResolver:
        return aiodns.DNSResolver(self._servers, udp_port=self._port, tcp_port=self._port)

    async def close(self) -> None:
        """Close the connections to name servers."""
        if self._probing is not None:
            self._probing.cancel()
        await self._dns.close()

    async def addresses(self, host: str, port: int) -> list[aiohappyeyeballs.AddrInfoType]:
        """Give the first addresses of a name, of both families. Raises OSError, aiodns.error.DNSError."""
        found = await self._dns.getaddrinfo(host, port=port, type=socket.SOCK_STREAM)
        if not found.nodes:
            raise OSError("the name has no address")
        by_family: dict[int, list[aiohappyeyeballs.AddrInfoType]] = {}
        for node in found.nodes:
            family, address = int(node.family), (node.addr[0].decode(), *node.addr[1:])
            by_family.setdefault(family, []).append((family, socket.SOCK_STREAM, 0, "", address))
        some = MAX_ADDRESSES // len(by_family)
        return [each for of_family in by_family.values() for each in of_family[:some]]

    async def is_down(self, fault: Exception) -> bool:
        """Tell whether a look-up that ended so, or had no end in time, failed because of us."""
        code = fault.args[0] if isinstance(fault, aiodns.error.DNSError) else errno.ARES_ETIMEOUT
        if code in _ANSWERS or code in _OURS:
            return code in _OURS
        if self._probing is None or (self._probing.done() and self._loop.time() > self._probed_until):
            self._probing = self._loop.create_task(self._probe())
        return not await asyncio.shield(self._probing)

    async def _probe(self) -> bool:
        """Ask for the name servers of the root, without what is remembered; tells whether anybody knows."""
        resolver = self._new()
        try:
            async with asyncio.timeout(PROBE_S):
                await resolver.query_dns(".", "NS")
        except (aiodns.error.DNSError, TimeoutError):
            return False
        finally:
            self._probed_until = self._loop.time() + PROBE_KEPT_S
            await resolver.close()
        return True
