"""What a sub-store stands on, and the reads that it gives as they are."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import apsw
import msgspec

from aldis.store.contract.ownership import Lease
from aldis.store.memory.claims import Claims, LinkClaims
from aldis.store.sqlite.engine.read_pool import ReadPool
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.writes import endings

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


class Connections(msgspec.Struct):
    """The ways to the file, and what is in a sender's hands."""

    writer: Writer
    #: on the event loop, for points
    reader: apsw.Connection
    #: in a thread: the gateway's own, the customers' or the operators', of whom none may keep another waiting
    scans: ReadPool
    claims: Claims

    async def end_unclaimed(
        self, hands: Sequence[tuple[LinkClaims, int]], reason: str, now: int, lease: Lease | None = None
    ) -> int:
        """Cancel messages that nobody has claimed; returns how many still waited."""
        with self.claims.in_our_hands(hands):
            ids = tuple(message_id for _, message_id in hands)
            item = endings.Cancel(ids, reason, now, lease)
            return await self.writer.call(endings.cancel, item, messages=len(ids))


def on_the_loop(
    read: Callable[Concatenate[apsw.Connection, Asked], Found],
) -> Callable[Concatenate[Connections, Asked], Coroutine[Any, Any, Found]]:
    """Make a method of a read of few rows."""

    async def _read(self: Connections, /, *args: Asked.args, **named: Asked.kwargs) -> Found:
        return read(self.reader, *args, **named)

    return _read


def in_a_thread(
    read: Callable[Concatenate[apsw.Connection, Asked], Found],
) -> Callable[Concatenate[Connections, Asked], Coroutine[Any, Any, Found]]:
    """Make a method of a read that may scan. It raises StoreUnavailable when too many wait already."""

    async def _read(self: Connections, /, *args: Asked.args, **named: Asked.kwargs) -> Found:
        return await self.scans.ask(read, *args, **named)

    return _read
