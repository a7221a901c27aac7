"""What is written through lanes is kept, or is said not to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from aldis.accounts.staff import AuditEntry
from aldis.errors import PermanentError
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.postgresql.engine.opening import Engine, open_engine
from aldis.store.postgresql.engine.operations import operation, operation_on_each
from aldis.store.postgresql.stores.link_states import PostgresqlLinkStates


@operation(rank=1)
async def note(db: asyncpg.Connection, items: list[str]) -> list[int]:
    """Keep texts; gives how many were kept together."""
    await db.execute(
        "INSERT INTO audit (at, actor, via, action, subject, detail) SELECT 0, '', '', '', unnest($1::text[]), ''",
        items,
    )
    return [len(items)] * len(items)


@operation_on_each
async def note_once(db: asyncpg.Connection, number: int) -> None:
    await db.execute("INSERT INTO link_order VALUES ($1, 'running', '', 0)", str(number))


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    made = await open_engine(database, "one", uuid4())
    yield made
    await made.close()


async def kept(engine: Engine) -> list[str]:
    async def read(db: asyncpg.Connection) -> list[str]:
        return [row[0] for row in await db.fetch("SELECT subject FROM audit ORDER BY entry_id")]

    return await engine.operators.ask(read)


async def test_what_waits_for_a_lane_is_committed_together(engine: Engine) -> None:
    together = await asyncio.gather(*(engine.writer.call(note, f"n{number}") for number in range(100)))
    assert max(together) > 30
    assert engine.writer.commits < 10
    assert len(await kept(engine)) == 100


async def test_the_guilty_call_fails_alone(engine: Engine) -> None:
    await engine.writer.call(note_once, 7)
    calls = [engine.writer.call(note_once, number) for number in range(20)]
    outcomes: list[Any] = await asyncio.gather(*calls, return_exceptions=True)
    assert [number for number, outcome in enumerate(outcomes) if outcome is not None] == [7]
    assert isinstance(outcomes[7], PermanentError)
    assert "UniqueViolationError link_order_pkey" in str(outcomes[7])


async def test_a_link_is_as_it_was_wanted_last(engine: Engine) -> None:
    links = PostgresqlLinkStates(engine.writer, engine.gateway)
    entry = AuditEntry(1, "ada", "console", "stop link", "demo")
    for wanted in (Wanted.STOPPED, Wanted.DRAINING):
        state = LinkState("demo", wanted, "ada", 1)
        await links.want(state, entry)
        assert await links.wanted() == {"demo": state}
    assert await kept(engine) == ["demo", "demo"]
