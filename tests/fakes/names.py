"""A name server on loopback: answers about each name as it was told, by UDP."""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Self

#: response codes. Source: RFC 1035 §4.1.1
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
_A, _NS = 1, 2
_POINTER = b"\xc0\x0c"


class NameServer(asyncio.DatagramProtocol):
    """Use as a context manager; `port` is where it listens."""

    def __init__(self, names: dict[str, str | int | None], root: int | None = NOERROR) -> None:
        """`names`: addresses or response codes by name, None: no answer; `root`: what it says about the root."""
        self.names = names
        self.root = root
        self.asked: list[str] = []
        self.port = 0
        self._transport: asyncio.DatagramTransport

    async def __aenter__(self) -> Self:
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        end, labels = 12, []
        while data[end]:
            labels.append(data[end + 1 : end + 1 + data[end]].decode())
            end += 1 + data[end]
        question = data[12 : end + 5]
        kind, name = int.from_bytes(data[end + 1 : end + 3], "big"), ".".join(labels)
        self.asked.append(name)
        said = self.names.get(name, NXDOMAIN) if name else self.root
        if said is None:
            return
        records = b""
        if isinstance(said, str) and kind == _A:
            records = _POINTER + b"\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(said)
        elif not name and said == NOERROR and kind == _NS:
            records = b"\0\0\2\0\1\0\0\0\x3c\0\x10\1a\x0croot-servers\0"
        code = said if isinstance(said, int) else NOERROR
        head = data[:2] + bytes((0x81, 0x80 | code, 0, 1, 0, bool(records), 0, 0, 0, 0))
        self._transport.sendto(head + question + records, addr)
