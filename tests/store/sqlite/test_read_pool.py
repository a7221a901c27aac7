"""Long reads: one at a time, also when whoever asked has left meanwhile."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import apsw
import pytest

from aldis.errors import StoreUnavailable
from aldis.store.sqlite.engine.connection import open_to_keep
from aldis.store.sqlite.engine.read_pool import ReadPool


class Reads:
    """Reads that last until they are let go, and know how many of them there are at once."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)
        self.at_once = self.most = self.count = 0

    def __call__(self, db: apsw.Connection) -> object:
        self.at_once += 1
        self.most, self.count = max(self.most, self.at_once), self.count + 1
        self.begun.release()
        self.go_on.wait(10)
        self.at_once -= 1
        return db.execute("SELECT 7").fetchall()[0][0]


async def test_a_read_whose_asker_has_left_keeps_the_connection_until_it_ends(tmp_path: Path) -> None:
    db = open_to_keep(tmp_path / "aldis.db")
    scans, reads = ReadPool(tmp_path / "aldis.db", most=3), Reads()
    left = asyncio.create_task(scans.ask(reads))
    await asyncio.to_thread(reads.begun.acquire)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    never_began = asyncio.create_task(scans.ask(reads))
    second = asyncio.create_task(scans.ask(reads))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):  # who has left counts as long as the read goes on
        await scans.ask(reads)
    never_began.cancel()
    reads.go_on.set()
    assert await second == 7
    assert (reads.most, reads.count) == (1, 2)
    assert await scans.ask(reads) == 7
    await scans.close()
    db.close()
