"""This gateway's cell among the others: a store whose directory, consents and messages from handsets are all
cells', what tells them, and the doors that requests are passed on to.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.admin.cells import ShownCell, look
from aldis.app.agents import RunningAgents
from aldis.app.stores import open_cell, open_store
from aldis.doors.http.passing_on import OtherCells
from aldis.errors import SettingsError
from aldis.settings import Settings
from aldis.settings.sections import CellsSettings
from aldis.stages.cells.consents import CellConsents, CellOptOuts
from aldis.stages.cells.directory import CellChanges, CellDirectory
from aldis.stages.cells.inbound import CellInbound
from aldis.stages.cells.other_stores import CellNames, OtherCell, OtherStores
from aldis.stages.cells.receipts import ReceiptOffer
from aldis.stages.cells.spreading import Spreader
from aldis.store.contract.cell_exchange import ExchangeStore
from aldis.store.contract.shared import SharedStore
from aldis.store.contract.store import Store


class Cells:
    """What a gateway has of it; nothing, where the settings name no cells."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._clock = store.clock
        self._others = _others({cell.name: cell.store for cell in settings.cell})
        self._doors: OtherCells | None = None
        self._spreader: Spreader | None = None
        self._exchange: ExchangeStore | None = None
        #: the store as everybody here is to have it
        self.store = store
        if settings.cells is not None:
            names = names_of(settings.cells)
            self._exchange, shared = _parts(store)
            self._spreader = Spreader(names, self._exchange, store.directory, self._others)
            self.store = _joined(names, store, shared, self._others, self._spreader)

    def doors(self, current: CurrentDirectory) -> OtherCells | None:
        """Give what passes requests on, to be asked once we have joined."""
        if self._settings.cells is not None:
            own, home = names_of(self._settings.cells)
            doors = {cell.name: cell.doors for cell in self._settings.cell}
            self._doors = OtherCells(own, home, doors, current, self._settings.http.answer_s)
        return self._doors

    async def join(self, agents: RunningAgents) -> None:
        """Have the database know its cell, and begin to tell the others. Raises SettingsError where it is
        another one.
        """
        cells, kept = self._settings.cells, self.store.cells
        if cells is None or kept is None or self._spreader is None or self._exchange is None:
            return
        wanted = cells.number
        found = await kept.number(wanted)
        if found != wanted:
            raise SettingsError([f"[cells] number: the database is cell number {found}, and stays that"])
        if self._doors is not None:
            await self._doors.open()
        agents.start(self._spreader, ReceiptOffer(self._exchange, self._others, self._clock))

    async def close(self) -> None:
        """Pass nothing on any more."""
        if self._doors is not None:
            await self._doors.close()


def names_of(cells: CellsSettings) -> CellNames:
    """Tell which cell is ours, and in which the directory is changed."""
    return CellNames(cells.name, cells.directory)


def _joined(
    names: CellNames, store: Store, shared: SharedStore, others: OtherStores, spreader: Spreader
) -> Store:
    directory = CellDirectory(store.directory, names)
    opt_outs = CellOptOuts(shared.opt_outs, others, spreader)
    return msgspec.structs.replace(
        store,
        close=functools.partial(_close, store.close, others),
        directory=directory,
        changes=CellChanges(store.changes, names, spreader),
        consent=CellConsents(store.consent, spreader),
        inbound=CellInbound(store.inbound, names.own, others, directory, spreader),
        shared=msgspec.structs.replace(shared, opt_outs=opt_outs),
    )


def _others(urls: Mapping[str, str]) -> OtherStores:
    return OtherStores({name: functools.partial(_open, url) for name, url in urls.items()})


async def _close(close: Callable[[], Awaitable[None]], others: OtherStores) -> None:
    await others.close()
    await close()


async def _open(url: str) -> OtherCell:
    store = await open_cell(url)
    exchange, shared = _parts(store)
    return OtherCell(exchange, store.inbound, shared.opt_outs, store.close)


def _parts(store: Store) -> tuple[ExchangeStore, SharedStore]:
    """Give what only a store has that can be one of several. Raises SettingsError."""
    if store.exchange is None or store.shared is None:
        raise SettingsError(["[cells] needs PostgreSQL: a file is no cell"])
    return store.exchange, store.shared


class CellAtHome(NamedTuple):
    """The cell in which the directory is changed, as a command has it open."""

    name: str
    store: Store
    #: has all other cells know the directory and consents as they are there. Raises CellPending
    tell_all: Callable[[], Awaitable[None]]


@asynccontextmanager
async def opened_home(settings: Settings) -> AsyncIterator[CellAtHome]:
    """Open the cell in which the directory is changed, wherever the settings are of. Raises SettingsError,
    StoreUnavailable.
    """
    urls = stores_of(settings)
    home = settings.cells.directory if settings.cells else ""
    others = _others({name: url for name, url in urls.items() if name != home})
    store = await open_cell(urls[home])
    names = CellNames(home, home)
    exchange, shared = _parts(store)
    spreader = Spreader(names, exchange, store.directory, others)
    joined = _joined(names, store, shared, others, spreader)
    try:
        yield CellAtHome(home, joined, spreader.spread)
    finally:
        await joined.close()


def stores_of(settings: Settings) -> dict[str, str]:
    """Give the addresses of all cells' databases, by name. Raises SettingsError where there are no cells."""
    if settings.cells is None:
        raise SettingsError(["the settings name no cells (`[cells]`)"])
    return {settings.cells.name: settings.store.url} | {cell.name: cell.store for cell in settings.cell}


async def look_at_cells(settings: Settings, data_dir: Path) -> list[ShownCell]:
    """Tell, for a command, how the cells of the settings stand. Raises SettingsError, StoreUnavailable."""
    store = await open_store(settings, data_dir)
    others = _others({cell.name: cell.store for cell in settings.cell})
    try:
        if settings.cells is None:
            return []
        names, (exchange, _) = names_of(settings.cells), _parts(store)
        return await look(names, exchange, CellDirectory(store.directory, names), others)
    finally:
        await _close(store.close, others)
