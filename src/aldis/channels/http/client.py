"""Sends postbacks with aiohttp: pooled, timed, without redirects, cookies, proxies or trust in what comes
back.

A pool belongs to one set of allowed private networks, so that a kept connection never serves an account that
could not have made it.
"""

from __future__ import annotations

import functools
import socket

import aiohttp
from yarl import URL

from aldis import __version__
from aldis.accounts.account import Network
from aldis.channels.http.guard import guarded_socket
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

#: an answer's body matters to nobody yet; it is read this far so that the connection can be used again
MAX_ANSWER_OCTETS = 4096
KEEP_ALIVE_S = 30.0


class HttpChannel:
    """Implements `stages.postbacks.channel.Channel`; make and close it inside the event loop."""

    def __init__(self) -> None:
        # Not the loop's own: that has a few threads for the whole process, and two dead name servers fill
        # them.
        self._resolver = aiohttp.AsyncResolver()
        self._sessions: dict[tuple[Network, ...], aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        await self._resolver.close()

    async def post(self, request: PostbackRequest, limits: Limits) -> Answer:
        """Try once; whatever the peer does becomes an Answer."""
        timeout = aiohttp.ClientTimeout(total=limits.total_s, sock_connect=limits.connect_s)
        try:
            async with self._session(limits.private_networks).request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body or None,
                headers=request.headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                await response.content.read(MAX_ANSWER_OCTETS)
                return Answer(response.status)
        except TimeoutError:
            return Answer(None, "no answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            # The fault's own text may repeat the address with its secrets; its kind and cause do not.
            cause = getattr(fault, "os_error", None) or fault.__cause__
            return Answer(None, f"{type(fault).__name__}: {cause}" if cause else type(fault).__name__)

    def _session(self, private_networks: tuple[Network, ...]) -> aiohttp.ClientSession:
        session = self._sessions.get(private_networks)
        if session is None:
            connector = aiohttp.TCPConnector(
                limit=0,  # the lanes of stages/postbacks bound it
                resolver=self._resolver,
                keepalive_timeout=KEEP_ALIVE_S,
                socket_factory=functools.partial(_socket, private_networks),
            )
            session = self._sessions[private_networks] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                headers={"User-Agent": f"Aldis/{__version__}"},
                auto_decompress=False,
            )
        return session


def _socket(private_networks: tuple[Network, ...], info: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, address = info
    made = guarded_socket(int(family), int(kind), protocol, str(address[0]), private_networks)
    made.setblocking(False)
    return made
