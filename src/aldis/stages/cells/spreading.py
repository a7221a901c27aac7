"""Has all cells know what is said of consents in ours, and the directory where it is changed in ours, before
whoever said it hears yes; and again until they do.

Consents go in the order in which they were said; each cell keeps up to which entry it has them. So nothing is
kept for a cell that cannot be reached: it is told from there on.
"""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from aldis.accounts.records import ACCOUNT
from aldis.errors import CellPending, TemporaryError
from aldis.stages.agent import Agent
from aldis.stages.cells.other_stores import CellNames, OtherStores
from aldis.store.contract.cell_exchange import DirectoryCopy, ExchangeStore
from aldis.store.contract.directory import DirectoryStore

log = structlog.get_logger()

#: how often it is looked whether anything is new
POLL_S = 1.0
#: entries that are told together
AT_ONCE = 500


class _Placed(msgspec.Struct):
    """Of an account, where it lives."""

    cell: str = ""


_PLACED = msgspec.json.Decoder(_Placed)


class Spreader(Agent):
    """Tells the other cells."""

    def __init__(
        self, names: CellNames, store: ExchangeStore, directory: DirectoryStore, others: OtherStores
    ) -> None:
        super().__init__("cells", POLL_S)
        self._names = names
        self._store = store
        self._directory = directory
        self._others = others
        #: one tells at a time
        self._telling = asyncio.Lock()
        #: (in which cell it was said, whom we told) → up to which entry
        self._told: dict[tuple[str, str], int] = {}
        #: which version of the directory each has
        self._copied: dict[str, int] = {}
        #: in which other cells we have had something said
        self._said_in: set[str] = set()
        #: some could not be told, which was said
        self._is_behind = False

    async def step(self) -> int:
        """Tell all that is new; returns 0, so that the next look is a moment later."""
        try:
            await self.spread()
        except CellPending as fault:
            if not self._is_behind:
                log.error("other cells cannot be told now; they will be", fault=str(fault))
            self._is_behind = True
        else:
            if self._is_behind:
                log.info("other cells know all again")
            self._is_behind = False
        return 0

    def note_said_in(self, cell: str) -> None:
        """Hear that something was said in another cell, on our behalf: the others are to know."""
        self._said_in.add(cell)

    async def spread(self) -> None:
        """Return when all other cells know what is said, and the directory. Raises CellPending."""
        missing: dict[str, str] = {}
        async with self._telling:
            said_elsewhere, self._said_in = self._said_in, set()
            said_in = [self._names.own, *sorted(said_elsewhere)]
            for cell in self._others.names:
                try:
                    for origin in said_in:
                        await self._tell_consents(origin, cell)
                    await self._tell_directory(cell)
                except TemporaryError as fault:
                    missing[cell] = str(fault)
            for origin in said_in[1:]:
                try:
                    await self._tell_consents(origin, self._names.own)
                except TemporaryError as fault:
                    missing[origin] = str(fault)
            if missing:
                self._said_in |= said_elsewhere
        if missing:
            raise CellPending(missing)

    async def _tell_consents(self, origin: str, cell: str) -> None:
        if origin == cell:
            return
        source, target = await self._of(origin), await self._of(cell)
        told = self._told.get((origin, cell))
        if told is None:
            told = await target.consents_taken(origin)
        while (said := await source.consents_after(told, AT_ONCE)).up_to > told:
            await target.take_consents(origin, said)
            told = said.up_to
        self._told[origin, cell] = told

    async def _tell_directory(self, cell: str) -> None:
        if self._names.own != self._names.home:
            return
        version = await self._directory.version()
        if self._copied.get(cell) != version:
            copy = await self._store.directory_copy()
            await (await self._of(cell)).take_directory(self._for_cell(copy, cell))
            self._copied[cell] = copy.version

    def _for_cell(self, copy: DirectoryCopy, cell: str) -> DirectoryCopy:
        """Leave the money of those accounts that live there."""
        living = {
            record.key
            for record, _ in copy.records
            if record.kind == ACCOUNT and (_PLACED.decode(record.body).cell or self._names.home) == cell
        }
        credited = {name: micros for name, micros in copy.credited.items() if name in living}
        return msgspec.structs.replace(copy, cell=self._names.own, credited=credited)

    async def _of(self, cell: str) -> ExchangeStore:
        return self._store if cell == self._names.own else (await self._others.of(cell)).exchange
