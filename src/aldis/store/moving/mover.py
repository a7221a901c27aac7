"""Moves a store: copies it while a gateway serves it, compares every row, and takes what is left when nobody
writes any more.

    copy      blocks of rows, by primary key; meanwhile triggers note what changes
    compare   the same blocks on both sides; a row that differs must be one that is noted
    close     what is noted, the small tables, counts; then the source says that it has moved

Each step is one that may be repeated: what is written is what the source has now, and how far a table has
come is committed with its rows. So whoever is killed goes on where they were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from aldis.errors import PermanentError, SettingsError
from aldis.store.moving.side import CopyProgress, MoveSource, MoveTarget, NotedChange
from aldis.store.moving.tables import Key, MovedTable, MovedTables, Row, key_of

#: rows in one transaction
BLOCK = 2_000
#: how often it is looked whether the gateway has stopped
WAIT_S = 0.2

#: hears how far it has come, for people
Tell = Callable[[str], None]
#: a table and a key by which its changes are noted
Noted = tuple[str, Key]


class MoveFault(PermanentError):
    """The two sides differ where they must not."""


class Moved(NamedTuple):
    """What was moved."""

    messages: int
    accounts: int
    #: in millionths, of all accounts: credited, held, spent
    money: tuple[int, int, int]
    #: how long nobody could write, by the monotonic clock
    closed_s: float


class Mover:
    """One move."""

    def __init__(self, source: MoveSource, target: MoveTarget, tables: MovedTables, tell: Tell) -> None:
        self._source, self._target = source, target
        self._tables, self._tell = tables, tell
        #: attachments that were copied
        self._kept: set[str] = set()

    async def run(self, move: str, now: Callable[[], float]) -> Moved:
        """Move all of it. `move`: names it, if it begins; `now`: a monotonic clock, in seconds.
        Waits until no gateway serves the source. Raises SettingsError, MoveFault,
               StoreUnavailable.
        """
        closed_s = 0.0
        if not await self._begin(move):
            await self._copy_all()
            await self._compare_all()
            await self._copy_content()
            await self._target.tidy()
            await self._wait()
            closed_s = await self._close(now)
        await self._target.end()
        return await self._summary(closed_s)

    async def _begin(self, move: str) -> bool:
        """Mark both sides, or find that they are; tells whether all is there but the last step."""
        source, target = await self._source.mark(), await self._target.mark()
        if source is not None and source.role == "target":
            raise SettingsError([f"{self._source.shown} has not all of {source.other} yet"])
        if target is not None:
            if source is None or target.role == "source" or source.move != target.move:
                raise SettingsError([f"{self._target.shown} is part of another move, with {target.other}"])
            return source.is_done
        if source is not None and source.is_done:
            raise SettingsError([f"{self._source.shown} was moved to {source.other} already"])
        if not await self._target.is_empty():
            raise SettingsError([f"there is a store at {self._target.shown} already"])
        await self._source.begin(self._target.shown, move)
        await self._target.begin(self._source.shown, move)
        return False

    async def _copy_all(self) -> None:
        progress = await self._target.progress()
        for table in self._noted():
            found = progress.get(table.name)
            if found is not None and found.phase != "copying":
                continue
            if found is None:
                async with self._target.writing():
                    await self._target.put_all(table, ())
            count = await self._copy(table, None if found is None else found.after)
            self._tell(f"{table.name}: {count} rows copied")
            await self._catch_up()

    async def _copy(self, table: MovedTable, after: Key | None) -> int:
        places, count = table.places(table.key), 0
        while True:
            rows = await self._source.rows(table, after, BLOCK)
            count += len(rows)
            after, is_last = key_of(rows[-1], places) if rows else after, len(rows) < BLOCK
            async with self._target.writing():
                await self._target.put(table, table.key, [key_of(row, places) for row in rows], rows)
                await self._target.note(
                    table, CopyProgress("copied") if is_last else CopyProgress("copying", after)
                )
            if is_last:
                return count

    async def _copy_content(self) -> None:
        """Copy the attachments that messages need; one that is gone at the source is gone."""
        after, digests = "", [""]
        while digests:
            digests = await self._target.lacking(after, BLOCK)
            for after in digests:
                octets = None if after in self._kept else await self._source.content(after)
                if octets is not None:
                    await self._target.keep(octets)
                    self._kept.add(after)

    async def _compare_all(self) -> None:
        progress = await self._target.progress()
        for table in self._noted():
            found = progress[table.name]
            if found.phase != "compared":
                await self._compare(table, found.after)
        self._tell("every row is equal on both sides")

    async def _compare(self, table: MovedTable, after: Key | None) -> None:
        places = table.places(table.key)
        while True:
            rows = await self._source.rows(table, after, BLOCK)
            keys = [key_of(row, places) for row in rows]
            others = await self._target.having(table, table.key, keys) if keys else []
            differ = _noted_keys(table, set(rows) ^ set(others))
            # a row that has changed since it was copied is noted
            caught_up = await self._catch_up() if differ else set()
            if not differ <= caught_up:
                await self._copy_anew(table)
                raise _fault(table, differ - caught_up)
            after, is_last = keys[-1] if keys else after, len(rows) < BLOCK
            async with self._target.writing():
                done = CopyProgress("compared") if is_last else CopyProgress("comparing", after)
                await self._target.note(table, done)
            if is_last:
                return

    async def _catch_up(self) -> set[Noted]:
        """Write what was noted before this was called, and compare it; gives the keys."""
        caught_up: set[Noted] = set()
        while True:
            changes = await self._source.changes(BLOCK)
            if changes:
                await self._write(changes)
                await self._source.forget(changes)
            caught_up |= {(change.table, change.key) for change in changes}
            if len(changes) < BLOCK:
                return caught_up

    async def _write(self, changes: Sequence[NotedChange]) -> None:
        found: dict[str, dict[Key, None]] = {}
        for change in changes:
            found.setdefault(change.table, {})[change.key] = None
        for name, keys in found.items():
            table, wanted = self._tables[name], list(keys)
            rows = await self._source.having(table, table.noted, wanted)
            async with self._target.writing():
                await self._target.put(table, table.noted, wanted, rows)
            differ = set(rows) ^ set(await self._target.having(table, table.noted, wanted))
            if differ:
                raise _fault(table, _noted_keys(table, differ))

    async def _wait(self) -> None:
        """Go on until no gateway serves the source."""
        is_told = False
        while await self._source.is_served():
            if not is_told:
                self._tell("stop the gateway now: what is left is moved as soon as it has stopped")
                is_told = True
            await self._catch_up()
            await asyncio.sleep(WAIT_S)

    async def _close(self, now: Callable[[], float]) -> float:
        """Move what is left while nobody writes; gives how long that took, in seconds."""
        began = now()
        async with self._source.closed():
            await self._source.drop_unfinished()
            await self._catch_up()
            await self._copy_content()
            for table in self._tables.values():
                await (self._count if table.noted else self._copy_whole)(table)
            await self._source.end()
        return now() - began

    async def _copy_whole(self, table: MovedTable) -> None:
        rows = await self._source.every(table)
        async with self._target.writing():
            await self._target.put_all(table, rows)
        differ = set(rows) ^ set(await self._target.every(table))
        if differ:
            raise _fault(table, _noted_keys(table, differ))

    async def _count(self, table: MovedTable) -> None:
        there, here = await self._target.count(table), await self._source.count(table)
        if there != here:
            await self._copy_anew(table)
            where = f"{self._source.shown} has {here} rows of {table.name}, {self._target.shown} {there}"
            raise MoveFault(f"{where}; {_ANEW}")

    async def _copy_anew(self, table: MovedTable) -> None:
        async with self._target.writing():
            await self._target.note(table, None)

    async def _summary(self, closed_s: float) -> Moved:
        accounts = self._tables["account"]
        places = accounts.places(("credited", "held", "spent"))
        rows = await self._target.every(accounts)
        credited, held, spent = (sum(int(row[place] or 0) for row in rows) for place in places)
        messages = await self._target.count(self._tables["message"])
        return Moved(messages, len(rows), (credited, held, spent), closed_s)

    def _noted(self) -> list[MovedTable]:
        return [table for table in self._tables.values() if table.noted]


#: what follows from a difference
_ANEW = "nothing has moved; `aldis migrate` once more copies that table anew"


def _noted_keys(table: MovedTable, rows: Iterable[Row]) -> set[Noted]:
    places = table.places(table.noted or table.key)
    return {(table.name, key_of(row, places)) for row in rows}


def _fault(table: MovedTable, keys: Collection[Noted]) -> MoveFault:
    """Say which rows differ, without texts and numbers of people."""
    ids = sorted(key[0] for _, key in keys if isinstance(key[0], int))
    named = f" ({', '.join(map(str, ids[:5]))})" if ids else ""
    return MoveFault(f"{len(keys)} rows of {table.name} differ{named}; {_ANEW}")
