"""A connection is lost at each moment of a transaction: a caller hears yes or no as it is, or that nobody knows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from aldis.errors import LeaseLost, OutcomeUnknown, StoreUnavailable
from aldis.store.postgresql.engine.address import read_address
from aldis.store.postgresql.engine.connection import WRITING, connect
from aldis.store.postgresql.engine.lane import Lane
from aldis.store.postgresql.engine.opening import Engine, open_engine
from aldis.store.postgresql.engine.operations import operation, operation_on_each
from tests.fakes.cut import Cut, CutWay
from tests.fakes.postgresql import PostgresServer
from tests.store.postgresql.noting import Halting, note, note_slowly, noted

_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
async def way(postgres: PostgresServer) -> AsyncIterator[CutWay]:
    async with CutWay(postgres.port) as made:
        yield made


@pytest.fixture
def name(database: str) -> str:
    """The database's name."""
    return database.partition("?")[0].rpartition("/")[2]


@pytest.fixture
async def lane(postgres: PostgresServer, way: CutWay, name: str) -> AsyncIterator[Lane]:
    """One that has written once, and whose server has a second for each transaction."""
    address = read_address(postgres.url(name, way.port))
    made = Lane(partial(connect, address, WRITING, "one"), "one", 0, uuid4(), turn_s=1, patience_s=1.5)
    await made.open()
    assert await made.run([(note, "first")]) == [1]
    yield made
    await made.close()


async def in_database(postgres: PostgresServer, name: str) -> list[str]:
    async with postgres.connection(name) as db:
        await db.execute("SET search_path = aldis")
        return await noted(db)


@pytest.mark.parametrize("cut", list(Cut))
async def test_what_became_of_a_commit_is_found_out(
    lane: Lane, way: CutWay, postgres: PostgresServer, name: str, cut: Cut
) -> None:
    way.next = cut
    outcomes: list[Any] = await lane.run([(note, "a"), (note, "b")])
    if cut.is_kept:
        assert outcomes == [2, 2]
    else:
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 2
    assert await lane.run([(note, "next")]) == [1]
    between = ["a", "b"] if cut.is_kept else []
    assert await in_database(postgres, name) == ["first", *between, "next"]


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_what_cannot_be_found_out_is_said_to_be_unknown(
    lane: Lane, way: CutWay, postgres: PostgresServer, name: str, cut: Cut
) -> None:
    way.next, way.is_closed = cut, True
    (outcome,) = await lane.run([(note, "a")])
    assert isinstance(outcome, OutcomeUnknown)
    (outcome,) = await lane.run([(note, "b")])
    assert isinstance(outcome, StoreUnavailable)
    way.is_closed = False
    assert await lane.run([(note, "next")]) == [1]
    assert await in_database(postgres, name) == ["first", *(["a"] if cut.is_kept else []), "next"]


async def test_the_second_of_two_lost_commits_is_told_from_the_first(
    lane: Lane, way: CutWay, postgres: PostgresServer, name: str
) -> None:
    way.next = Cut.AFTER
    assert await lane.run([(note, "a")]) == [1]
    way.next = Cut.BEFORE
    (outcome,) = await lane.run([(note, "b")])
    assert isinstance(outcome, StoreUnavailable)
    assert await in_database(postgres, name) == ["first", "a"]


async def test_a_backend_that_is_ended_in_a_transaction_has_kept_nothing(
    lane: Lane, postgres: PostgresServer, name: str
) -> None:
    slow = Halting("slow")
    running = asyncio.create_task(lane.run([(note_slowly, slow), (note, "beside")]))
    await slow.has_begun.wait()
    await postgres.execute(f"SELECT pg_terminate_backend(pid, 5000) {_OTHERS}", name)
    slow.may_end.set()
    assert [type(outcome) for outcome in await running] == [StoreUnavailable] * 2
    assert await lane.run([(note, "next")]) == [1]
    assert await in_database(postgres, name) == ["first", "next"]


async def test_a_server_that_may_not_be_written_to_is_left(
    lane: Lane, postgres: PostgresServer, name: str
) -> None:
    """As a primary that became a standby; its connections do not always end."""

    @operation_on_each
    async def become_a_standby(db: asyncpg.Connection, _item: int) -> None:
        await db.execute("SET LOCAL transaction_read_only = on")
        await note(db, ["never"])

    (outcome,) = await lane.run([(become_a_standby, 1)])
    assert isinstance(outcome, StoreUnavailable)
    async with postgres.connection(name) as db:
        before = await db.fetchval("SELECT epoch FROM aldis.gateway")
        assert await lane.run([(note, "next")]) == [1]
        assert await db.fetchval("SELECT epoch FROM aldis.gateway") == before + 1


async def test_a_backend_that_was_ended_between_two_is_missed_by_nobody(
    lane: Lane, postgres: PostgresServer, name: str
) -> None:
    await postgres.execute(f"SELECT pg_terminate_backend(pid, 5000) {_OTHERS}", name)
    while not isinstance((await lane.run([(note, "next")]))[0], int):
        pass
    assert await in_database(postgres, name) == ["first", "next"]


async def test_whenever_a_backend_is_ended_what_was_told_is_so(
    lane: Lane, postgres: PostgresServer, name: str, chance: random.Random
) -> None:
    is_over = asyncio.Event()

    async def end_backends() -> None:
        async with postgres.connection(name) as db:
            while not is_over.is_set():
                await asyncio.sleep(chance.random() / 100)
                await db.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}")

    ending = asyncio.create_task(end_backends())
    told: dict[str, Any] = {}
    for number in range(100):
        calls = [(note, f"{number}-{position}") for position in range(3)]
        told |= zip((text for _, text in calls), await lane.run(calls), strict=True)
    is_over.set()
    await ending
    told_as = {text: type(outcome) for text, outcome in told.items()}
    assert set(told_as.values()) <= {int, StoreUnavailable, OutcomeUnknown}
    known = [text for text in await in_database(postgres, name) if told_as.get(text) is not OutcomeUnknown]
    assert known == ["first", *(text for text, kind in told_as.items() if kind is int)]


async def test_a_statement_that_an_operator_cancels_may_be_tried_again(
    lane: Lane, postgres: PostgresServer, name: str
) -> None:
    async def sleep(db: asyncpg.Connection, items: list[asyncio.Event]) -> list[None]:
        items[0].set()
        await db.execute("SELECT pg_sleep(30)")
        return [None]

    begun = asyncio.Event()
    running = asyncio.create_task(lane.run([(operation()(sleep), begun)]))
    await begun.wait()
    await until(postgres, name, f"SELECT count(*) {_OTHERS} AND query LIKE '%pg_sleep%' AND state = 'active'")
    await postgres.execute(f"SELECT pg_cancel_backend(pid) {_OTHERS}", name)
    (outcome,) = await running
    assert isinstance(outcome, StoreUnavailable)
    assert await lane.run([(note, "next")]) == [1]


async def until(postgres: PostgresServer, name: str, question: str) -> None:
    """Wait until something can be counted."""
    async with postgres.connection(name) as db:
        while not await db.fetchval(question):
            await asyncio.sleep(0.01)


@pytest.fixture
async def without_standby(postgres: PostgresServer) -> AsyncIterator[Callable[[], Any]]:
    """A server whose standby is gone: no commit ends; what is given has it do without again."""

    async def name_standby(text: str) -> None:
        await postgres.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{text}'")
        await postgres.execute("SELECT pg_reload_conf()")
        async with postgres.connection() as db:
            while await db.fetchval("SHOW synchronous_standby_names") != text:
                await asyncio.sleep(0.01)

    await name_standby("gone")
    yield partial(name_standby, "")
    await name_standby("")


_IN_WAIT = f"{_OTHERS} AND wait_event = 'SyncRep'"


async def test_a_wait_for_the_standby_that_is_cancelled_is_no_yes(
    lane: Lane, without_standby: Callable[[], Any], postgres: PostgresServer, name: str
) -> None:
    running = asyncio.create_task(lane.run([(note, "a")]))
    await until(postgres, name, f"SELECT count(*) {_IN_WAIT}")
    await postgres.execute(f"SELECT pg_cancel_backend(pid) {_IN_WAIT}", name)
    (outcome,) = await running
    assert isinstance(outcome, OutcomeUnknown)
    assert "a" in await in_database(postgres, name)  # seen by all, and lost with this machine


async def test_a_wait_that_was_cancelled_is_a_yes_once_the_standby_is_back(
    lane: Lane, without_standby: Callable[[], Any], postgres: PostgresServer, name: str
) -> None:
    running = asyncio.create_task(lane.run([(note, "a")]))
    await until(postgres, name, f"SELECT count(*) {_IN_WAIT}")
    await postgres.execute(f"SELECT pg_cancel_backend(pid) {_IN_WAIT}", name)
    await without_standby()
    assert await running == [1]


async def test_a_commit_that_waits_for_standbys_is_given_up_and_not_cancelled(
    lane: Lane, without_standby: Callable[[], Any], postgres: PostgresServer, name: str
) -> None:
    (outcome,) = await lane.run([(note, "a")])
    assert isinstance(outcome, OutcomeUnknown)
    assert await in_database(postgres, name) == ["first"]
    await without_standby()
    await until(postgres, name, "SELECT count(*) = 2 FROM aldis.audit")


async def test_whoever_takes_a_nodes_place_ends_its_writes(engine: Engine, database: str) -> None:
    await engine.writer.call(note, "before")
    second = await open_engine(database, "one", uuid4())
    try:
        calls = [engine.writer.call(note, str(number), messages=number) for number in (1, 1_000)]
        refused = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in refused] == [LeaseLost] * 2
        await second.writer.call(note, "after")
    finally:
        await second.close()
    with pytest.raises(LeaseLost):
        await engine.writer.call(note, "later")
    assert await engine.operators.ask(noted) == ["before", "after"]


async def test_what_was_under_way_is_waited_for(engine: Engine, database: str) -> None:
    slow = Halting("slow")
    running = engine.writer.call(note_slowly, slow)
    await slow.has_begun.wait()
    taking = asyncio.create_task(open_engine(database, "one", uuid4()))
    while not await engine.operators.ask(
        lambda db: db.fetchval(f"SELECT count(*) {_OTHERS} AND wait_event_type = 'Lock'")
    ):
        assert not taking.done()
    slow.may_end.set()
    await running
    second = await taking
    assert await second.operators.ask(noted) == ["slow"]
    await second.close()


async def test_a_lost_lane_whose_place_was_taken_stays_away(
    lane: Lane, way: CutWay, postgres: PostgresServer, name: str
) -> None:
    way.is_closed, way.next = True, Cut.AFTER
    running = asyncio.create_task(lane.run([(note, "a")]))
    await until(postgres, name, "SELECT count(*) = 2 FROM aldis.audit")
    second = await open_engine(postgres.url(name), "one", uuid4())
    way.is_closed = False
    (outcome,) = await running
    assert isinstance(outcome, OutcomeUnknown)
    (outcome,) = await lane.run([(note, "b")])
    assert isinstance(outcome, LeaseLost)
    await second.close()


async def test_gateways_of_two_names_write_side_by_side(engine: Engine, database: str) -> None:
    other = await open_engine(database, "two", uuid4())
    try:
        await asyncio.gather(
            *(each.writer.call(note, f"{number}") for number in range(50) for each in (engine, other))
        )
        assert len(await engine.operators.ask(noted)) == 100
    finally:
        await other.close()
