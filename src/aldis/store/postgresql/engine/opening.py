"""Opens a database: its schema, who writes to it and who reads from it.

A gateway has nine connections: two lanes for small writes, one for large ones, five that read, and one for
hints.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

import asyncpg

from aldis.errors import GatewayError
from aldis.store.postgresql.engine import migrations
from aldis.store.postgresql.engine.address import read_address
from aldis.store.postgresql.engine.connection import (
    HINTING,
    MIGRATING,
    READING,
    SEARCHING,
    WRITING,
    connect,
)
from aldis.store.postgresql.engine.hints import Hints
from aldis.store.postgresql.engine.lane import Lane, take_over
from aldis.store.postgresql.engine.outbox import TransactionOutbox
from aldis.store.postgresql.engine.primary import NewestPrimary
from aldis.store.postgresql.engine.read_pool import ReadPool
from aldis.store.postgresql.engine.writer import Writer

SMALL_LANES = 2
#: people, and customers, whose reads wait for a scan
MAX_ASKING = 64


class Engine(NamedTuple):
    """The ways to a database."""

    writer: Writer
    #: the gateway's own reads, the customers' and the operators', of whom none may keep another waiting
    gateway: ReadPool
    customers: ReadPool
    operators: ReadPool
    hints: Hints
    #: makes a connection that may change the schema
    migrating: Callable[[], Awaitable[asyncpg.Connection]]

    async def close(self) -> None:
        """Finish what was asked and called, then end all connections."""
        await self.hints.close()
        for pool in (self.gateway, self.customers, self.operators):
            await pool.close()
        await self.writer.close()


async def open_engine(
    url: str, node: str, holder: UUID, outbox: TransactionOutbox | None = None, *, may_upgrade: bool = True
) -> Engine:
    """Open a database. Raises SettingsError, StoreUnavailable.

    `node`: the gateway's name: whoever opens it under the same one later takes its place, and this one's
    writes raise LeaseLost; `holder`: a random one for each run; `outbox`: hears of all transactions;
    `may_upgrade`: False where a gateway of another version may serve it.
    """
    address = read_address(url)
    newest = NewestPrimary()
    write, read, search, hint = (
        partial(connect, address, each, node, newest) for each in (WRITING, READING, SEARCHING, HINTING)
    )
    small = [Lane(write, node, number, holder, outbox) for number in range(SMALL_LANES)]
    writer = Writer(small, Lane(write, node, SMALL_LANES, holder, outbox))
    change = partial(connect, address, MIGRATING, node, newest)
    migrating = await change()
    try:
        await migrations.upgrade(migrating, address.shown, may_upgrade=may_upgrade)
        await migrations.refuse_moved_away(migrating, address.shown)
        await take_over(migrating, node, holder)
        await writer.open()
        # who moves it lets nobody begin to write meanwhile, and has said so by now
        await migrations.refuse_moved_away(migrating, address.shown)
    except GatewayError:
        await writer.close()
        raise
    finally:
        migrating.terminate()
    pools = ReadPool(read, 2), ReadPool(read, 2, MAX_ASKING), ReadPool(search, 1, MAX_ASKING)
    return Engine(writer, *pools, Hints(hint), change)
