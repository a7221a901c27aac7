"""A lease that ends by the server's clock, and what is written under it while another asks for it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from aldis.errors import LeaseLost
from aldis.store.contract.ownership import Lease, slot_of
from aldis.store.postgresql.engine.opening import Engine, open_engine
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.writes import ownership
from aldis.store.postgresql.writes.ownership import HOLDS_MS, Acquire
from tests.store.postgresql.at_once import holding

SLOT = slot_of("link")


@operation_on_each
async def work(db: asyncpg.Connection, lease: Lease) -> None:
    """Write under a lease, and be held up before the commit."""
    await ownership.check(db, [lease])
    await db.execute("SELECT pg_advisory_xact_lock_shared(9, 9)")


async def acquire(engine: Engine, holder: str) -> Lease | None:
    return await engine.writer.call(ownership.acquire, Acquire(SLOT, holder))


async def test_an_acquirer_waits_for_what_is_written_and_a_renewal_does_not(
    engine: Engine, database: str
) -> None:
    lease = await acquire(engine, "a")
    assert lease == Lease(SLOT, "a", 1, HOLDS_MS)
    other = await open_engine(database, "two", uuid4())
    async with holding(database, "SELECT pg_advisory_xact_lock(9, 9)") as held:
        written = asyncio.ensure_future(engine.writer.call(work, lease))
        await held.until(1)
        assert await engine.writer.call(ownership.renew, lease) == lease
        acquired = asyncio.ensure_future(acquire(other, "a"))
        await held.until(2)
        assert not acquired.done()
    await written
    assert await acquired == Lease(SLOT, "a", 2, HOLDS_MS)
    with pytest.raises(LeaseLost):
        await engine.writer.call(work, lease)
    assert await engine.writer.call(ownership.renew, lease) is None
    await other.close()


async def test_a_lease_is_anothers_when_the_server_says_that_it_is_over(
    engine: Engine, database: str
) -> None:
    first = await acquire(engine, "a")
    assert first is not None
    assert await acquire(engine, "b") is None
    await lapse(database)
    assert await engine.writer.call(ownership.renew, first) == first  # late, and nobody has it
    assert await acquire(engine, "b") is None
    await lapse(database)
    assert await acquire(engine, "b") == Lease(SLOT, "b", 2, HOLDS_MS)


async def test_what_was_given_back_is_anybodys_at_once(engine: Engine) -> None:
    first = await acquire(engine, "a")
    assert first is not None
    await engine.writer.call(ownership.give_back, first)
    with pytest.raises(LeaseLost):
        await engine.writer.call(work, first)
    second = await acquire(engine, "b")
    assert second is not None
    await engine.writer.call(ownership.give_back, first)  # is not the newest
    await engine.writer.call(work, second)


async def lapse(database: str) -> None:
    """Let the time of all leases run out."""
    async with holding(database, "UPDATE lease SET until = clock_timestamp()"):
        pass
