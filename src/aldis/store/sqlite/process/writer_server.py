"""The writer's end of the gateway's socket: one transaction a question, answered when it is on disk.

Transactions run on the event loop of their process, which has nothing else to do but to post. Between two of
them it hears what has come meanwhile, so that a small one need not wait for the large ones that came before.
Another process that writes is waited for beside the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec

from aldis.store.sqlite.engine.connection import RETRY_MS
from aldis.store.sqlite.engine.priority_queue import PriorityQueue
from aldis.store.sqlite.engine.transactions import Transactions
from aldis.store.sqlite.process import writer_protocol
from aldis.store.sqlite.process.local_postbacks import LocalPostbacks
from aldis.store.sqlite.process.writer_protocol import ANSWERS, Frames, Kind, frame
from aldis.store.sqlite.reads.postbacks import OUTBOX


class WriterServerListener(msgspec.Struct, frozen=True):
    """Who posts in the writer's process: whom the server tells and asks."""

    #: the gateway wants posted what is pending, with these settings, and wants no more of it
    on_post: Callable[[bytes], None]
    on_rest: Callable[[], None]
    #: the gateway is gone
    on_gone: Callable[[], None]
    #: whether what is due should rather wait for the newest directory
    is_behind: Callable[[], bool]


class WriterServer(asyncio.Protocol):
    """Answers until the gateway is gone; made inside a running event loop."""

    def __init__(self, path: Path, listener: WriterServerListener) -> None:
        self._listener = listener
        self._transactions = Transactions(path, OUTBOX)
        #: what a poster in this process needs
        self.postbacks = LocalPostbacks(path, self._transactions, listener.is_behind, self._break_off)
        self._batches: PriorityQueue[tuple[Kind, bytes]] = PriorityQueue()
        self._is_due = self._is_gone = False
        self._frames = Frames()
        self._transport: asyncio.Transport
        #: who does not post tells the gateway what is pending
        self._posts = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for kind, octets in self._frames.take(data):
            if kind == Kind.QUESTION:
                self._batches.add((Kind.QUESTION, octets), is_large=False)
            elif kind == Kind.LARGE_QUESTION:
                self._batches.add((Kind.LARGE_QUESTION, octets), is_large=True)
            elif kind == Kind.POST:
                self._posts = True
                self._listener.on_post(octets)
            elif kind == Kind.REST:
                self._listener.on_rest()
        self._answer_soon()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._is_gone = True  # and with it whoever wants to know what came of the rest
        self._listener.on_gone()

    def tell_tried(self, dialect: str, done: bool, count: int) -> None:  # noqa: FBT001 - as the poster counts
        """Tell the gateway of tries, as long as it is there."""
        if self._is_gone:
            return
        self._transport.write(
            frame(Kind.TRIED, writer_protocol.write_tried(writer_protocol.Tried(dialect, done, count)))
        )

    def tell_posting(self, status: bytes) -> None:
        """Tell the gateway how posting stands, as long as it is there."""
        if not self._is_gone:
            self._transport.write(frame(Kind.POSTING, status))

    def tell_resting(self) -> None:
        """Tell the gateway that nothing is being posted any more."""
        if not self._is_gone:
            self._transport.write(frame(Kind.RESTING))

    def close(self) -> None:
        """Close the file."""
        self.postbacks.close()
        self._transactions.close()

    def _break_off(self) -> None:
        """End as after a crash; the gateway ends as well."""
        self._transport.abort()

    def _answer_soon(self) -> None:
        if self._batches and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        if self._is_gone:
            return
        if not self._transactions.begin():
            asyncio.get_running_loop().call_later(RETRY_MS / 1000, self._answer)
            return
        self._is_due = False
        kind, question = self._batches.next()
        run = self.postbacks.run if self._posts else self._transactions.run
        answer = writer_protocol.write_answer(run(writer_protocol.read_question(question)))
        self._transport.write(frame(ANSWERS[kind], answer))
        # behind the answer, which leaves at the end of this turn
        asyncio.get_running_loop().call_soon(self._transactions.rest)
        self._answer_soon()
