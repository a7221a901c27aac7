"""Opens the two sides of a move between engines, and moves a store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from aldis.app.entropy import token
from aldis.app.stores import load_postgresql
from aldis.clock import SystemClock
from aldis.errors import SettingsError
from aldis.settings import shown_store, store_path
from aldis.store.moving.mover import Moved, Mover
from aldis.store.moving.side import MoveSource, MoveTarget
from aldis.store.moving.tables import MovedTables
from aldis.store.sqlite.moving import SqliteSource, SqliteTarget, read_tables

Opened = TypeVar("Opened", MoveSource, MoveTarget)
#: of a URL, the data directory, and what moves
Opener = Callable[[str, Path, MovedTables], Awaitable[Opened]]

#: not imported here: its driver is an extra
_POSTGRESQL = "aldis.store.postgresql.moving"
_SAME = "a store moves from SQLite to PostgreSQL, or back; between two of a kind, their own means copy it"


async def move(source: str, target: str, data_dir: Path, tell: Callable[[str], None]) -> Moved:
    """Move a store, from and to what `[store] url` says. `data_dir`: the gateway's. Raises SettingsError,
    MoveFault, StoreUnavailable.
    """
    if _is_file(source) == _is_file(target):
        raise SettingsError([_SAME])
    tables = read_tables()
    opening = (_opened(_source, source, data_dir, tables), _opened(_target, target, data_dir, tables))
    async with opening[0] as origin, opening[1] as goal:
        return await Mover(origin, goal, tables, tell).run(token(16), SystemClock().monotonic)


async def abandon(source: str, data_dir: Path) -> None:
    """Abandon a move that is not done. Raises SettingsError, StoreUnavailable."""
    async with _opened(_source, source, data_dir, read_tables()) as origin:
        mark = await origin.mark()
        if mark is None or mark.role == "target":
            raise SettingsError([f"nothing is being moved from {origin.shown}"])
        if mark.is_done:
            raise SettingsError(
                [f"{origin.shown} was moved to {mark.other}: it can be moved back from there"]
            )
        await origin.abandon()


@asynccontextmanager
async def _opened(
    open_it: Opener[Opened], url: str, data_dir: Path, tables: MovedTables
) -> AsyncIterator[Opened]:
    """Open one side, and close it. What the driver raises is told as any store tells it."""
    found = await open_it(url, data_dir, tables)
    try:
        with found.faults():
            yield found
    finally:
        await found.close()


def _is_file(url: str) -> bool:
    try:
        path = store_path(url, Path())
    except ValueError as fault:
        raise SettingsError([f"{shown_store(url)} {fault}"]) from None
    if path is None and url.partition(":")[0] not in ("postgresql", "postgres"):
        raise SettingsError([f"{shown_store(url)} is no store of SQLite's or PostgreSQL's"])
    return path is not None


async def _source(url: str, data_dir: Path, tables: MovedTables) -> MoveSource:
    if _is_file(url):
        return SqliteSource(data_dir / url.removeprefix("sqlite:///"), data_dir)
    opened: MoveSource = await load_postgresql(_POSTGRESQL).open_source(url, tables, uuid4())
    return opened


async def _target(url: str, data_dir: Path, tables: MovedTables) -> MoveTarget:
    if _is_file(url):
        return SqliteTarget(data_dir / url.removeprefix("sqlite:///"), data_dir)
    opened: MoveTarget = await load_postgresql(_POSTGRESQL).open_target(url, tables, uuid4())
    return opened
