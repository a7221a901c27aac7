"""Runs the writer's transactions in a process of its own, where there is more than one core.

In a thread each of a batch's statements ends with waiting for the interpreter's lock, which the event loop
holds most of the time under load; a process has a lock of its own; figures are in
docs/decisions/0007-batched-sql-in-a-writer-process.md. Gateway and writer live and die together: the writer
ends when the gateway's end of their socket closes, and a gateway whose writer is gone cannot know what was
kept: it says so to those who wait (OutcomeUnknown) and must end as well (`on_lost`).

Where there is such a process, it posts as well, once it is asked to
(docs/decisions/0022-posting-from-the-writer-process.md). Its end of the socket is `writer_server.py`.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol, cast

from aldis.errors import OutcomeUnknown, StoreUnavailable
from aldis.store.sqlite.engine.operations import Call
from aldis.store.sqlite.engine.transactions import Ran
from aldis.store.sqlite.process import writer_protocol
from aldis.store.sqlite.process.writer_protocol import ANSWERS, Frames, Kind, frame

END_S = 10.0


class Process(Protocol):
    """What the writer's process is to those who started it, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


#: starts a module with its arguments, and descriptors that it inherits
Start = Callable[[str, Sequence[str], Sequence[int]], Process]


def start_module(module: str, arguments: Sequence[str], descriptors: Sequence[int]) -> Process:
    """Start a module in an interpreter of its own."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", module, *arguments], pass_fds=descriptors
    )


class WriterClient:
    """`writer.Runner` in a process, which starts when it is first spoken to."""

    def __init__(
        self,
        program: Sequence[str],
        path: Path,
        keep_open: Sequence[int],
        on_lost: Callable[[], None],
        count: Callable[[str, bool, int], None],
        hear: Callable[[bytes], None],
        start: Start = start_module,
    ) -> None:
        """`program`: a module that answers as `writer_server.py` does, and what it is told besides the file
        and the number of its socket. `keep_open`: descriptors that stay open as long as anything may still
        write, such as a lock's. `on_lost` is told when the writer has ended by itself, `count`
        of tries of postbacks, as the poster counts, `hear` of how posting stands.
        """
        self._program = tuple(program)
        self._path = path
        self._keep_open = tuple(keep_open)
        self._on_lost = on_lost
        self._count, self._hear = count, hear
        self._start_module = start
        self._process: Process | None = None
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
            module, *more = self._program
            with theirs:
                descriptor = theirs.fileno()
                arguments = (str(self._path), str(descriptor), *more)
                self._process = self._start_module(module, arguments, (descriptor, *self._keep_open))
            ours.setblocking(False)
            loop = asyncio.get_running_loop()
            _, self._pipe = await loop.create_connection(
                lambda: _Pipe(self._on_lost, self._count, self._hear), sock=ours
            )
            return self._pipe

    async def run(self, batch: Sequence[Call], *, is_large: bool) -> Ran:
        pipe = self._pipe or await self._start()
        kind = Kind.LARGE_QUESTION if is_large else Kind.QUESTION
        return writer_protocol.read_answer(await pipe.ask(kind, writer_protocol.write_question(batch)))

    async def post(self, settings: bytes) -> None:
        """Have it post what is pending from now on. `settings`: for whoever posts there."""
        (self._pipe or await self._start()).say(Kind.POST, settings)

    async def rest(self) -> None:
        """Have it post no more, and wait until it does not."""
        pipe = self._pipe or await self._start()
        pipe.say(Kind.REST)
        await pipe.is_resting.wait()

    async def close(self) -> None:
        if self._process is None or self._pipe is None:
            return
        self._pipe.close()
        try:
            code = await asyncio.to_thread(self._process.wait, END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = None
        if code != 0:  # whoever ends must not say that all is well
            self._on_lost()


class _Pipe(asyncio.Protocol):
    """The gateway's end: answers come in the order of their questions, small and large by themselves."""

    def __init__(
        self,
        on_lost: Callable[[], None],
        count: Callable[[str, bool, int], None],
        hear: Callable[[bytes], None],
    ) -> None:
        self._on_lost = on_lost
        self._count, self._hear = count, hear
        self._transport: asyncio.Transport
        self._frames = Frames()
        #: who waits, by the kind of the answer
        self._asked: dict[int, deque[asyncio.Future[bytes]]] = {kind: deque() for kind in ANSWERS.values()}
        self._is_lost = False
        self._is_closing = False
        #: set when nothing is being posted any more
        self.is_resting = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for kind, octets in self._frames.take(data):
            if kind in self._asked:
                asked = self._asked[kind].popleft()
                if not asked.done():
                    asked.set_result(octets)
            elif kind == Kind.TRIED:
                tried = writer_protocol.read_tried(octets)
                self._count(tried.dialect, tried.done, tried.count)
            elif kind == Kind.POSTING:
                self._hear(octets)
            elif kind == Kind.RESTING:
                self.is_resting.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._is_lost = True
        self.is_resting.set()
        for asked in chain.from_iterable(self._asked.values()):
            if not asked.done():
                asked.set_exception(OutcomeUnknown("the writer's process has ended"))
        if not self._is_closing:
            self._on_lost()

    def ask(self, kind: Kind, question: bytes) -> asyncio.Future[bytes]:
        """Send a question; the future gives the answer to it."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self._is_lost:
            answer.set_exception(StoreUnavailable("the writer's process has ended"))
        else:
            self._asked[ANSWERS[kind]].append(answer)
            self._transport.write(frame(kind, question))
        return answer

    def say(self, kind: Kind, octets: bytes = b"") -> None:
        """Say what has no answer of its own."""
        if not self._is_lost:
            self._transport.write(frame(kind, octets))

    def close(self) -> None:
        """Close our end; the writer's process ends then."""
        self._is_closing = True
        self._transport.close()
