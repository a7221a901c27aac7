"""Joins a session to its socket."""

from __future__ import annotations

import asyncio
from typing import cast

from aldis.doors.http.session import HttpSession, Site


class HttpConnection(HttpSession, asyncio.Protocol):
    """A session as asyncio has it: its callbacks are the session's own, called without a detour."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, asyncio.get_running_loop().time)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the session with who asks."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        # uvloop's transports do not inherit from asyncio's
        self.opened(cast("asyncio.Transport", transport), address)
