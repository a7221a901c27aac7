"""Implements `DirectoryStore` and `ChangeStore`."""

from __future__ import annotations

from aldis.accounts.directory import Directory
from aldis.accounts.history import Change
from aldis.accounts.plan import Stored
from aldis.store.contract.directory import Carrying
from aldis.store.contract.queries import Balance
from aldis.store.sqlite.engine.rows import every
from aldis.store.sqlite.reads import directory
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import changes


class SqliteDirectory(Connections):
    """The directory as it is."""

    async def version(self) -> int:
        return directory.version(self.reader)

    async def load(self) -> Directory:
        return directory.load(self.reader)


class SqliteChanges(Connections):
    """How it is changed, and how it was."""

    async def stored(self) -> Stored:
        return directory.stored(self.reader)

    async def balances(self) -> dict[str, Balance]:
        rows = every(self.reader, "SELECT name, credited, held, spent FROM account ORDER BY name")
        return {name: Balance(*micros) for name, *micros in rows}

    async def carry_out(self, item: Carrying) -> bool:
        return await self.writer.call(changes.carry_out, item)

    async def history(self, kind: str, key: str, before: int, limit: int) -> list[Change]:
        return await self.scans.ask(directory.history, kind, key, before, limit)

    async def find(self, change_id: int) -> Change | None:
        return directory.find(self.reader, change_id)
