"""The number that a database has among cells is part of its ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from aldis.app.moving import move
from aldis.store.contract.cells import CellStore
from aldis.store.contract.store import Store
from aldis.store.postgresql.engine.opening import Engine
from aldis.store.postgresql.writes import admission
from aldis.traffic.ids import CELLS, ROW_IDS, cell_of_id
from tests.backends import Place, apply, open_database
from tests.fakes.postgresql import PostgresServer
from tests.store.building import NOW
from tests.store.conftest import DIRECTORY


@pytest.fixture
async def kept(database: str) -> AsyncIterator[Store]:
    """A store on a database."""
    store = await open_database(Place(Path(), database))
    yield store
    await store.close()


def cell_of(store: Store) -> CellStore:
    assert store.cells is not None
    return store.cells


async def test_it_is_given_once_and_tells_where_an_id_was_made(kept: Store, database: str) -> None:
    before = await kept.admission.take_ids(7)
    assert cell_of_id(before[0]) == 0
    assert await asyncio.gather(*(cell_of(kept).number(41) for _ in range(3))) == [41] * 3
    assert await cell_of(kept).number(7) == 41
    other = await open_database(Place(Path(), database), "two")
    assert await cell_of(other).number(7) == 41
    await other.close()
    after = await kept.admission.take_ids(7)
    assert {cell_of_id(each) for each in after} == {41}
    assert after[0] > before[-1]


@pytest.mark.parametrize("number", [-1, CELLS])
async def test_one_that_ids_cannot_have_is_refused(kept: Store, number: int) -> None:
    with pytest.raises(ValueError, match="cannot have the number"):
        await cell_of(kept).number(number)
    assert await cell_of(kept).number(0) == 0


async def test_ids_grow_behind_those_of_before_they_had_cells(kept: Store, database: str) -> None:
    db = await asyncpg.connect(database)
    ahead = await db.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 3600000") << 12
    await db.execute("INSERT INTO aldis.counter VALUES ('next_id', $1)", ahead)
    await db.close()
    assert (await kept.admission.take_ids(1))[0] >= ahead


async def test_more_than_a_row_is_given_in_one_transaction(engine: Engine) -> None:
    blocks = await asyncio.gather(*(engine.writer.call(admission.take_ids, 40_000) for _ in range(4)))
    ids = [each for block in blocks for each in block]
    assert ids == sorted(set(ids))
    assert all(block[0] // ROW_IDS == block[-1] // ROW_IDS for block in blocks)


async def test_what_a_cell_numbers_stays_apart_wherever_its_store_is(
    database: str, postgres: PostgresServer, migrated: str, tmp_path: Path
) -> None:
    store = await open_database(Place(Path(), database))
    await cell_of(store).number(5)
    await apply(store, DIRECTORY, NOW)
    await store.close()
    name, said = await postgres.create(migrated), list[str]()
    for source, target in ((database, "sqlite:///aldis.db"), ("sqlite:///aldis.db", postgres.url(name))):
        await move(source, target, tmp_path, said.append)
    moved = await open_database(Place(Path(), postgres.url(name)))
    try:
        assert await cell_of(moved).number(7) == 5
        await apply(moved, DIRECTORY + '[[account]]\nname = "new"\n', NOW)
        accounts = (await moved.directory.load()).accounts_by_id
        assert {account_id % CELLS for account_id in accounts} == {5}
        assert len(accounts) == 3
    finally:
        await moved.close()
        await postgres.drop(name)
