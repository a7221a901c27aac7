"""Implements `DirectoryStore` and `ChangeStore`."""

from __future__ import annotations

from aldis.store.contract.directory import Carrying
from aldis.store.contract.queries import Balance
from aldis.store.sqlite.engine.rows import every
from aldis.store.sqlite.reads import directory
from aldis.store.sqlite.stores.connections import Connections, in_a_thread, on_the_loop
from aldis.store.sqlite.writes import changes


class SqliteDirectory(Connections):
    """The directory as it is."""

    version = on_the_loop(directory.version)
    load = on_the_loop(directory.load)


class SqliteChanges(Connections):
    """How it is changed, and how it was."""

    stored = on_the_loop(directory.stored)
    history = in_a_thread(directory.history)
    find = on_the_loop(directory.find)

    async def balances(self) -> dict[str, Balance]:
        rows = every(self.reader, "SELECT name, credited, held, spent FROM account ORDER BY name")
        return {name: Balance(*micros) for name, *micros in rows}

    async def carry_out(self, item: Carrying) -> bool:
        return await self.writer.call(changes.carry_out, item)
