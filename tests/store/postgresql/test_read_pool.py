"""Reads wait for each other in their own class, and outlive a lost connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest

from aldis.errors import PermanentError, StoreUnavailable
from aldis.store.postgresql.engine.address import read_address
from aldis.store.postgresql.engine.connection import READING, connect
from aldis.store.postgresql.engine.read_pool import ReadPool
from tests.fakes.postgresql import PostgresServer


@pytest.fixture
async def pool(database: str) -> AsyncIterator[ReadPool]:
    made = ReadPool(partial(connect, read_address(database), READING, "one"), connections=1, most=2)
    yield made
    await made.close()


async def pid(db: asyncpg.Connection) -> int:
    return int(await db.fetchval("SELECT pg_backend_pid()"))


async def wait(_db: asyncpg.Connection, until: asyncio.Event) -> bool:
    return await until.wait()


async def test_those_who_wait_are_bounded(pool: ReadPool) -> None:
    end = asyncio.Event()
    asked = [asyncio.create_task(pool.ask(wait, end)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="too many"):
        await pool.ask(wait, end)
    end.set()
    assert await asyncio.gather(*asked) == [True, True]
    assert await pool.ask(wait, end)


async def test_one_connection_serves_all(pool: ReadPool) -> None:
    assert await pool.ask(pid) == await pool.ask(pid)


async def test_a_connection_that_was_lost_is_made_anew(pool: ReadPool, postgres: PostgresServer) -> None:
    lost = await pool.ask(pid)
    await postgres.execute(f"SELECT pg_terminate_backend({lost}, 5000)")
    assert await pool.ask(pid) != lost


async def test_one_that_is_lost_while_it_reads_may_be_asked_again(
    pool: ReadPool, postgres: PostgresServer
) -> None:
    begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def sleep(db: asyncpg.Connection) -> None:
        begun.set_result(await pid(db))
        await db.execute("SELECT pg_sleep(30)")

    asking = asyncio.create_task(pool.ask(sleep))
    await postgres.execute(f"SELECT pg_terminate_backend({await begun})")
    with pytest.raises(StoreUnavailable):
        await asking
    assert await pool.ask(pid)


async def test_whoever_stops_asking_leaves_a_connection_that_works(pool: ReadPool) -> None:
    begun = asyncio.Event()

    async def sleep(db: asyncpg.Connection) -> None:
        begun.set()
        await db.execute("SELECT pg_sleep(30)")

    for _ in range(3):
        begun.clear()
        asking = asyncio.create_task(pool.ask(sleep))
        await begun.wait()
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert await pool.ask(pid)


async def test_a_read_writes_nothing_and_ends(pool: ReadPool) -> None:
    with pytest.raises(StoreUnavailable):
        await pool.ask(lambda db: db.execute("DELETE FROM audit"))
    with pytest.raises(PermanentError):
        await pool.ask(lambda db: db.execute("SELECT 1 / 0"))

    async def too_long(db: asyncpg.Connection) -> None:
        await db.execute("SET statement_timeout = 1")
        await db.execute("SELECT pg_sleep(30)")

    with pytest.raises(StoreUnavailable):
        await pool.ask(too_long)
