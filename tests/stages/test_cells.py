"""What is said in one cell is known in all before whoever said it hears yes, whatever happens at the same moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aldis.stages.cells.directory import CellDirectory
from aldis.stages.cells.inbound import CellInbound
from aldis.stages.cells.other_stores import CellNames, OtherCell, OtherStores
from aldis.stages.cells.spreading import Spreader
from aldis.store.contract.inbound import InboundBatch, InboundStore
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.inbound import InboundPart, NewInbound, Segments
from tests.backends import Place, apply, open_database
from tests.fakes.postgresql import PostgresServer
from tests.store.building import NOW, RICH
from tests.store.conftest import DIRECTORY

PERSON = "14805550103"


class Hasty:
    """Has what is new told just before each batch is kept, as the agent may."""

    def __init__(self, inbound: InboundStore) -> None:
        self.spreader: Spreader
        self._inbound = inbound

    async def segments(self, part: InboundPart) -> Segments:
        return await self._inbound.segments(part)

    async def stale(self, before: int, repeated_before: int, limit: int) -> list[Segments]:
        return await self._inbound.stale(before, repeated_before, limit)

    async def record(self, batch: InboundBatch) -> int:
        await self.spreader.spread()
        return await self._inbound.record(batch)


class Cells(msgspec.Struct):
    """Ours, `eu`, where the directory is changed, and `us`; which side an account is on says the test."""

    eu: Store
    us: Store
    spreader: Spreader
    inbound: CellInbound
    directory: CellDirectory


def exchange_of(store: Store) -> Any:
    assert store.exchange is not None
    return store.exchange


@pytest.fixture
async def cells(postgres: PostgresServer, migrated: str, tmp_path: Path) -> AsyncIterator[Cells]:
    names = [await postgres.create(migrated) for _ in range(2)]
    eu, us = [await open_database(Place(tmp_path, postgres.url(name)), "one") for name in names]
    await apply(eu, DIRECTORY, NOW)
    assert us.shared is not None
    hasty = Hasty(us.inbound)
    other = OtherCell(exchange_of(us), hasty, us.shared.opt_outs, us.close)

    async def opened() -> OtherCell:
        return other

    others = OtherStores({"us": opened})
    directory = CellDirectory(eu.directory, CellNames("eu", "eu"))
    spreader = hasty.spreader = Spreader(CellNames("eu", "eu"), exchange_of(eu), eu.directory, others)
    await spreader.spread()
    yield Cells(eu, us, spreader, CellInbound(eu.inbound, "eu", others, directory, spreader), directory)
    await others.close()
    await eu.close()
    for name in names:
        await postgres.drop(name)


def says(kind: ConsentKind, number: int = 1) -> InboundBatch:
    said = ConsentChange("74700", "", PERSON, kind, ConsentSource.HANDSET, "word", NOW + number)
    message = NewInbound(
        inbound_id=number,
        link="link",
        sender=PERSON,
        recipient="74700",
        text="word",
        keyword="",
        carrier="",
        segments=1,
        account_id=RICH,
        dialect="",
        lane="",
        received_at=NOW + number,
        fingerprint=bytes([number]),
        consents=(said,),
    )
    return InboundBatch((), (message,), 0, frozenset())


async def newest(store: Store) -> ConsentKind | None:
    said = await store.consent.history(PERSON, 1)
    return said[0].kind if said else None


@pytest.mark.parametrize("lives", ["eu", "us"])
async def test_who_comes_back_is_back_in_all_cells_before_the_yes(cells: Cells, lives: str) -> None:
    cells.directory.cells = {RICH: lives}
    await cells.inbound.record(says(ConsentKind.OPT_OUT))
    await cells.spreader.spread()
    await cells.inbound.record(says(ConsentKind.OPT_IN, 2))
    assert [await newest(store) for store in (cells.eu, cells.us)] == [ConsentKind.OPT_IN] * 2


async def test_what_is_said_elsewhere_is_told_though_all_was_told_a_moment_before(cells: Cells) -> None:
    cells.directory.cells = {RICH: "us"}
    await cells.inbound.record(says(ConsentKind.OPT_OUT))
    await cells.spreader.spread()  # as who waits for all to know does
    assert [await newest(store) for store in (cells.eu, cells.us)] == [ConsentKind.OPT_OUT] * 2


async def test_another_cell_becomes_the_one_in_which_the_directory_is_changed(cells: Cells) -> None:
    copy = await exchange_of(cells.eu).directory_copy()
    before = await cells.us.directory.version()
    older = msgspec.structs.replace(copy, cell="asia", version=1)
    await exchange_of(cells.us).take_directory(older)
    assert await cells.us.directory.version() == before + 1
    assert await exchange_of(cells.us).directory_taken("asia") == 1
    assert await exchange_of(cells.us).directory_taken("eu") == copy.version
