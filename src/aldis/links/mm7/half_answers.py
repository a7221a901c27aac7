"""Keeps the status line of an answer whose rest cannot be read, which aiohttp throws away with it.

An MMSC that wrote `HTTP/1.1 200` has the message, also where it closes within its headers, or its headers or
chunks are none.
"""

from __future__ import annotations

import asyncio
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader

#: as a status line begins, and where its status stands. Source: RFC 9112 §4
_BEGINNING, _STATUS = b"HTTP/1.", slice(9, 12)


class HalfAnswer(aiohttp.ClientError):
    """Only the status line of an answer was read."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Connector(aiohttp.TCPConnector):
    """Connections that raise HalfAnswer where a status line was read and its headers were not."""

    def __init__(self, *, limit: int, keepalive_timeout: float) -> None:
        super().__init__(limit=limit, keepalive_timeout=keepalive_timeout)
        handler: type[ResponseHandler] = _Handler
        self._factory = partial(handler, loop=asyncio.get_running_loop())


class _Handler(ResponseHandler):
    #: of the answer whose headers are being read; 0 for none
    _status = 0

    def data_received(self, data: bytes) -> None:
        """Look for a status line."""
        if data.startswith(_BEGINNING) and data[_STATUS].isdigit():
            self._status = int(data[_STATUS])
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take headers that were read: aiohttp knows the status."""
        self._status = 0
        super().feed_data(data, size)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """End what waits for the headers."""
        if self._status:
            exc, self._status = HalfAnswer(self._status), 0
        super().set_exception(exc, *cause)
