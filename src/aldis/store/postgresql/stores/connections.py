"""What a sub-store stands on, and the reads that it gives as they are.

A sub-store has a pool of the class of those who ask it: the gateway itself, customers, or operators. It
writes by `self.writer.call(operation, item)` and reads by `self.reads.ask(read, …)`, where a read is a
function of a connection that only looks; one with the arguments of the sub-store's method becomes it by
`from_pool`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg
import msgspec

from aldis.errors import AccountLeaves, StoreUnavailable
from aldis.store.contract.ownership import Lease
from aldis.store.memory.claims import Claims, LinkClaims
from aldis.store.postgresql.engine.read_pool import ReadPool
from aldis.store.postgresql.engine.writer import Writer
from aldis.store.postgresql.writes import endings

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


class Connections(msgspec.Struct):
    """The ways to the database."""

    writer: Writer
    reads: ReadPool


class Claiming(Connections):
    """The same, with what is in a sender's hands."""

    claims: Claims

    async def end_unclaimed(
        self,
        hands: Sequence[tuple[LinkClaims, int]],
        reason: str,
        now: int,
        *,
        lease: Lease | None = None,
        free_from: int | None = None,
    ) -> int:
        """Cancel messages that nobody has claimed here; returns how many still waited, and were not in a slot
        that another has, or there due from an instant on.
        """
        with self.claims.in_our_hands(hands):
            ids = tuple(message_id for _, message_id in hands)
            item = endings.Cancel(ids, reason, now, self.claims.holder, lease, free_from)
            return await self.writer.call(endings.cancel, item, messages=len(ids))


@contextmanager
def told_as_temporary() -> Iterator[None]:
    """Have a write about an account that moves be one to try again."""
    try:
        yield
    except AccountLeaves as fault:
        raise StoreUnavailable(str(fault)) from None


def from_pool(
    read: Callable[Concatenate[asyncpg.Connection, Asked], Awaitable[Found]],
) -> Callable[Concatenate[Connections, Asked], Coroutine[Any, Any, Found]]:
    """Make a method of a read. It raises StoreUnavailable, also when too many wait already."""

    async def _read(self: Connections, /, *args: Asked.args, **named: Asked.kwargs) -> Found:
        return await self.reads.ask(read, *args, **named)

    return _read
