"""Runs the writer's transactions in a process of its own, where there is more than one core.

In a thread each of a batch's statements ends with waiting for the interpreter's lock, which the event loop
holds most of the time under load; a process has a lock of its own
(docs/decisions/0007-sets-in-a-writer-process.md has the figures). Gateway and writer live and die together:
the writer ends when the gateway's end of their socket closes, and a gateway whose writer is gone cannot know
what was kept, so it must end as well (`on_lost`).

Batches and outcomes (`messages.py`) travel behind their length, over a socket pair that nobody else holds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import BinaryIO, cast

from aldis.errors import StoreUnavailable
from aldis.store.sqlite import messages
from aldis.store.sqlite.connection import unlock_connections
from aldis.store.sqlite.transactions import Call, Ran, Transactions

_LENGTH = Struct(">Q")
END_S = 10.0
#: a batch under load mostly comes with one read
BUFFER_OCTETS = 65_536


class ProcessRunner:
    """`writer.Runner` in a process, which starts with the first batch."""

    def __init__(self, path: Path, keep_open: Sequence[int], on_lost: Callable[[], None]) -> None:
        """`keep_open`: descriptors that stay open as long as anything may still write, such as a lock's.
        `on_lost` is told when the writer has ended by itself.
        """
        self._path = path
        self._keep_open = tuple(keep_open)
        self._on_lost = on_lost
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = asyncio.Lock()
        self._pipe: _Pipe | None = None

    @property
    def pid(self) -> int | None:
        """The writer's process, once it was started."""
        return None if self._process is None else self._process.pid

    async def _start(self) -> _Pipe:
        async with self._starting:  # once, whoever comes first
            if self._pipe is not None:
                return self._pipe
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - once, at start; our own program
                    [sys.executable, "-m", __name__, str(self._path), str(theirs.fileno())],
                    pass_fds=(theirs.fileno(), *self._keep_open),
                )
            ours.setblocking(False)
            loop = asyncio.get_running_loop()
            _, self._pipe = await loop.create_connection(lambda: _Pipe(self._on_lost), sock=ours)
            return self._pipe

    async def run(self, batch: Sequence[Call]) -> Ran:
        """See `writer.Runner.run`."""
        pipe = self._pipe or await self._start()
        return messages.read_answer(await pipe.ask(messages.write_question(batch)))

    async def close(self) -> None:
        """See `writer.Runner.close`."""
        if self._process is None or self._pipe is None:
            return
        self._pipe.close()
        try:
            await asyncio.to_thread(self._process.wait, END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()


class _Pipe(asyncio.Protocol):
    """The gateway's end: answers come in the order of their questions."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._asked: deque[asyncio.Future[bytes]] = deque()
        self._is_lost = False
        self._is_closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        received, start = self._received, _LENGTH.size
        received += data
        while len(received) >= start:
            end = start + _LENGTH.unpack_from(received)[0]
            if len(received) < end:
                break
            answer = bytes(received[start:end])
            del received[:end]
            asked = self._asked.popleft()
            if not asked.done():
                asked.set_result(answer)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._is_lost = True
        # Whatever was asked last stays unanswered: nobody knows whether it is kept.
        if not self._is_closing:
            self._on_lost()

    def ask(self, question: bytes) -> asyncio.Future[bytes]:
        """Send a question; the future gives the answer to it."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self._is_lost:
            answer.set_exception(StoreUnavailable("the writer's process has ended"))
        else:
            self._asked.append(answer)
            self._transport.write(_LENGTH.pack(len(question)) + question)
        return answer

    def close(self) -> None:
        """Close our end; the writer's process ends then."""
        self._is_closing = True
        self._transport.close()


def main(path: str, descriptor: str) -> None:
    """Be the writer's process: one transaction a batch, until the gateway is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are the gateway's, which then tells us
        signal.signal(number, signal.SIG_IGN)
    pipe = socket.socket(fileno=int(descriptor))
    pipe.setblocking(True)
    unlock_connections()
    transactions = Transactions(Path(path))
    with (
        suppress(ConnectionError),
        os.fdopen(pipe.fileno(), "rb", BUFFER_OCTETS, closefd=False) as questions,
    ):
        while question := _next(questions):
            answer = messages.write_answer(transactions.run(messages.read_question(question)))
            pipe.sendall(_LENGTH.pack(len(answer)) + answer)
            transactions.rest()
    transactions.close()


def _next(questions: BinaryIO) -> bytes:
    """Read the next question, whole; b"" at the end."""
    head = questions.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return b""
    (length,) = _LENGTH.unpack(head)
    question = questions.read(length)
    return question if len(question) == length else b""


if __name__ == "__main__":
    main(*sys.argv[1:])
