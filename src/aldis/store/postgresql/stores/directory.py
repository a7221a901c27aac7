"""Implements `DirectoryStore` and `ChangeStore`."""

from __future__ import annotations

from aldis.store.contract.directory import Carrying
from aldis.store.postgresql.reads import directory
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import changes


class PostgresqlDirectory(Connections):
    """The directory as it is."""

    version = from_pool(directory.version)
    load = from_pool(directory.load)


class PostgresqlChanges(Connections):
    """How it is changed, and how it was."""

    stored = from_pool(directory.stored)
    balances = from_pool(directory.balances)
    history = from_pool(directory.history)
    find = from_pool(directory.find)

    async def carry_out(self, item: Carrying) -> bool:
        return await self.writer.call(changes.carry_out, item)
