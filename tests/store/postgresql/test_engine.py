"""What is written through lanes is kept together, or is refused by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from aldis.accounts.staff import AuditEntry
from aldis.errors import PermanentError, StoreUnavailable
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.postgresql.engine.opening import Engine
from aldis.store.postgresql.engine.operations import operation, operation_on_each
from aldis.store.postgresql.stores.link_states import PostgresqlLinkStates
from tests.fakes.postgresql import PostgresServer
from tests.store.postgresql.noting import Halting, note, note_slowly, noted

SECRET = "447700900001"


@operation_on_each
async def want_once(db: asyncpg.Connection, link: str) -> None:
    await db.execute("INSERT INTO link_order VALUES ($1, 'running', '', 0)", link)


async def test_what_waits_for_a_lane_is_committed_together(engine: Engine) -> None:
    together = await asyncio.gather(*(engine.writer.call(note, f"n{number}") for number in range(100)))
    assert max(together) > 30
    assert engine.writer.commits < 10
    assert len(await engine.operators.ask(noted)) == 100


async def test_the_guilty_calls_fail_alone(engine: Engine) -> None:
    for number in (3, 7):
        await engine.writer.call(want_once, str(number))
    calls = [engine.writer.call(want_once, str(number)) for number in range(20)]
    outcomes: list[Any] = await asyncio.gather(*calls, return_exceptions=True)
    assert [number for number, outcome in enumerate(outcomes) if outcome is not None] == [3, 7]
    assert isinstance(outcomes[7], PermanentError)


async def test_a_large_call_keeps_no_small_one_waiting(engine: Engine) -> None:
    large = Halting("large")
    waiting = engine.writer.call(note_slowly, large, messages=10_000)
    await large.has_begun.wait()
    await engine.writer.call(note, "small")
    assert await engine.operators.ask(noted) == ["small"]
    large.may_end.set()
    await waiting
    assert sorted(await engine.operators.ask(noted)) == ["large", "small"]


async def test_operations_run_in_the_order_of_their_ranks(engine: Engine) -> None:
    ran: list[str] = []

    def named(name: str, rank: int) -> Any:
        async def run(_db: asyncpg.Connection, items: list[int]) -> list[int]:
            ran.append(name)
            return items

        return operation(rank=rank)(run)

    calls = [engine.writer.call(named(name, rank), rank) for name, rank in (("c", 3), ("a", 1), ("b", 2))]
    assert await asyncio.gather(*calls) == [3, 1, 2]
    assert ran == ["a", "b", "c"]


async def test_a_caller_that_leaves_cancels_nothing(engine: Engine) -> None:
    slow = Halting("kept")
    waiting = engine.writer.call(note_slowly, slow)
    await slow.has_begun.wait()
    waiting.cancel()
    slow.may_end.set()
    await engine.writer.call(note, "next")
    await engine.writer.close()
    assert sorted(await engine.operators.ask(noted)) == ["kept", "next"]


async def test_closing_commits_what_was_called(engine: Engine) -> None:
    calls = [engine.writer.call(note, str(number)) for number in range(1_000)]
    await engine.writer.close()
    assert all(call.done() for call in calls)
    assert len(await engine.operators.ask(noted)) == 1_000
    with pytest.raises(StoreUnavailable, match="closed"):
        await engine.writer.call(note, "late")


async def test_two_that_wait_for_each_other_are_both_kept(engine: Engine) -> None:
    met = asyncio.Barrier(2)
    tries = 0

    @operation_on_each
    async def take_two(db: asyncpg.Connection, order: tuple[str, str]) -> None:
        nonlocal tries
        tries += 1
        first, second = order
        await db.execute("UPDATE link_order SET at = at + 1 WHERE link = $1", first)
        if tries <= 2:
            await met.wait()
        await db.execute("UPDATE link_order SET at = at + 1 WHERE link = $1", second)

    for link in ("a", "b"):
        await engine.writer.call(want_once, link)
    one = engine.writer.call(take_two, ("a", "b"))
    await asyncio.sleep(0)
    await asyncio.gather(one, engine.writer.call(take_two, ("b", "a")))
    assert tries == 3
    rows = await engine.operators.ask(lambda db: db.fetch("SELECT at FROM link_order"))
    assert [row["at"] for row in rows] == [2, 2]


async def _swallow(db: asyncpg.Connection, _item: str) -> None:
    try:
        await db.execute("SELECT 1 / 0")
    except asyncpg.DivisionByZeroError:
        return


async def _go_on_after_a_fault(db: asyncpg.Connection, item: str) -> None:
    await _swallow(db, item)
    await db.execute("SELECT 1")


async def _repeat(db: asyncpg.Connection, item: str) -> None:
    for _ in range(2):
        await db.execute("INSERT INTO link_order VALUES ($1, 'running', '', 0)", item)


async def _mistake_for_a_number(db: asyncpg.Connection, item: str) -> None:
    await db.execute("SELECT $1::bigint", item)


async def _write_a_nul(db: asyncpg.Connection, item: str) -> None:
    await note(db, [f"{item}\0"])


async def _be_unheard_of(db: asyncpg.Connection, item: str) -> None:
    await db.execute("INSERT INTO link_order VALUES ($1, $2, '', 0)", "x", item)


@pytest.mark.parametrize(
    "run", [_swallow, _go_on_after_a_fault, _repeat, _mistake_for_a_number, _write_a_nul, _be_unheard_of]
)
async def test_a_fault_says_what_it_is_and_nothing_of_the_row(engine: Engine, run: Any) -> None:
    with pytest.raises(PermanentError) as refused:
        await engine.writer.call(operation_on_each(run), SECRET)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    await engine.writer.call(note, "next")
    assert await engine.operators.ask(noted) == ["next"]


async def test_a_statement_that_was_planned_before_a_migration_is_planned_again(
    engine: Engine, postgres: PostgresServer, database: str
) -> None:
    @operation_on_each
    async def count_columns(db: asyncpg.Connection, _item: int) -> int:
        return len(await db.fetchrow("SELECT * FROM link_order") or ())

    await engine.writer.call(want_once, "a")
    assert await engine.writer.call(count_columns, 1, messages=1_000) == 4
    name = database.partition("?")[0].rpartition("/")[2]
    await postgres.execute("ALTER TABLE aldis.link_order ADD COLUMN more integer", name)
    assert await engine.writer.call(count_columns, 1, messages=1_000) == 5


async def test_a_link_is_as_it_was_wanted_last(engine: Engine) -> None:
    links = PostgresqlLinkStates(engine.writer, engine.gateway)
    entry = AuditEntry(1, "ada", "console", "stop link", "demo")
    for wanted in (Wanted.STOPPED, Wanted.DRAINING):
        state = LinkState("demo", wanted, "ada", 1)
        await links.want(state, entry)
        assert await links.wanted() == {"demo": state}
    assert await engine.operators.ask(noted) == ["demo", "demo"]
