"""Whatever keeps the store from taking writes, `/health/ready` says that it does and which fault it is, until it is over;
the log says each once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import apsw
import pytest

from tests.crash.world import World

pytestmark = [pytest.mark.crash, pytest.mark.timeout(90)]

BEGAN, OVER = "the store takes no writes", "the store takes writes again"


async def ready(world: World) -> tuple[int, str, str]:
    """Ask: the status of HTTP, ours, and what is wrong with the store."""
    url = f"http://127.0.0.1:{world.child.port}/health/ready"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        document = await answer.json()
        return answer.status, document["status"], document["store"]["fault"]


async def settle(world: World, wanted: int) -> str:
    """Wait until it says so; gives what is wrong with the store then."""
    while (found := await ready(world))[0] != wanted:
        await asyncio.sleep(0.05)
    assert found[1] == ("ready" if wanted == 200 else "store fault")
    return found[2]


@asynccontextmanager
async def standing_still(world: World) -> AsyncIterator[None]:
    writer = await world.child.writer()
    os.kill(writer, signal.SIGSTOP)
    yield
    os.kill(writer, signal.SIGCONT)


@asynccontextmanager
async def locked(world: World) -> AsyncIterator[None]:
    db = apsw.Connection(str(world.child.data_dir / "aldis.db"))
    db.set_busy_timeout(10_000)  # the gateway may be writing just now
    db.execute("BEGIN IMMEDIATE")
    yield
    db.close()


@asynccontextmanager
async def moved_away(world: World) -> AsyncIterator[None]:
    path = world.child.data_dir / "aldis.db"
    path.rename(path.with_suffix(".away"))
    yield
    path.with_suffix(".away").rename(path)


@asynccontextmanager
async def without_log(world: World) -> AsyncIterator[None]:
    path = world.child.data_dir / "aldis.db-wal"
    path.rename(path.with_suffix(".away"))
    yield
    path.with_suffix(".away").rename(path)


@asynccontextmanager
async def with_another_log(world: World) -> AsyncIterator[None]:
    path = world.child.data_dir / "aldis.db-wal"
    path.rename(path.with_suffix(".away"))
    path.touch()  # as who opens the file next does
    yield
    path.with_suffix(".away").rename(path)


@asynccontextmanager
async def replaced(world: World) -> AsyncIterator[None]:
    path = world.child.data_dir / "aldis.db"
    path.rename(path.with_suffix(".away"))
    path.write_bytes(b"")
    yield
    path.with_suffix(".away").rename(path)


FAULTS: dict[str, tuple[Callable[[World], AbstractAsyncContextManager[None]], str]] = {
    "the writer stands still": (standing_still, "the writer does not answer"),
    "another holds the lock": (locked, "the writer does not answer"),
    "the file was moved": (moved_away, "the file of the store has been moved or removed"),
    "its log was removed": (without_log, "the file of the store has been moved or removed"),
    "its log was replaced": (with_another_log, "the file of the store has been moved or removed"),
    "the file was replaced": (replaced, "the file of the store has been moved or removed"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_health_says_which_fault_and_when_it_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv("ALDIS__LOG__LEVEL", "warning")
    meet, says = FAULTS[fault]
    await world.child.start()
    assert await settle(world, 200) == ""
    async with meet(world):
        assert await settle(world, 503) == says
        if fault.startswith("the writer"):  # requests are not kept waiting for what does not come
            while (await world.send_many(1)).keys() != {"result_code=98"}:
                await asyncio.sleep(0.05)
    assert await settle(world, 200) == ""
    assert await world.send_many(3) == {"result_code=0": 3}
    said = world.child.log.read_text()
    assert (said.count(BEGAN), said.count(OVER)) == (1, 1)
    assert await world.child.end(signal.SIGTERM) == 0


async def test_health_says_that_what_is_stored_cannot_be_read(world: World) -> None:
    await world.child.start()
    assert await settle(world, 200) == ""
    while "Aldis serves" not in world.child.log.read_text():  # it reads the store at the start, too
        await asyncio.sleep(0.05)
    os.truncate(world.child.data_dir / "aldis.db", 4096)  # writes go to the log, and are taken
    assert await settle(world, 503) == "SQLite: CorruptError: what is stored cannot be read"
    while (await world.send_many(1)).keys() != {"result_code=98"}:
        await asyncio.sleep(0.05)


async def test_a_store_that_was_removed_takes_nothing_more_and_is_no_good_end(world: World) -> None:
    await world.child.start()
    assert await settle(world, 200) == ""
    for path in world.child.data_dir.glob("aldis.db*"):
        path.unlink()
    await settle(world, 503)
    assert await world.send_many(3) == {"result_code=98": 3}
    assert await world.child.end(signal.SIGTERM) == 70


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes writes fail; it is not installed")
@pytest.mark.parametrize(
    ("call", "error"), [("pwrite64", "ENOSPC"), ("fdatasync", "EIO"), ("pwrite64", "EROFS")]
)
async def test_health_says_that_the_disk_takes_nothing(world: World, call: str, error: str) -> None:
    fail = f"inject={call}:error={error}:when=60..130"
    await world.child.start("strace", "-D", "-f", "-qq", "-e", f"trace={call}", "-e", fail, "-o", os.devnull)
    shown: list[tuple[int, str, str]] = []
    while not shown or shown[-1][0] != 200 or len(set(shown)) < 2:
        await world.send_many(1)
        shown.append(await ready(world))
        await asyncio.sleep(0.1)
    faults = {fault for status, _, fault in shown if status == 503}
    assert faults
    assert all(fault.startswith("SQLite: ") for fault in faults)
    assert await world.child.end(signal.SIGTERM) == 0
