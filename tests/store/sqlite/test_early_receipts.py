"""Early receipts are bounded, and what is done with few of them looks at few."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from aldis.store.rules.maintenance import EARLY_MS
from aldis.store.sqlite.engine.rows import every, one
from aldis.store.sqlite.reads import inbound as reads
from aldis.store.sqlite.writes import receipts
from aldis.traffic.receipt import Receipt, ReceiptState
from tests.backends import open_store, own_maintenance
from tests.store.building import NOW

COUNT = 5_000


def early(number: int, at: int = NOW) -> Receipt:
    return Receipt("link", f"A{number}", ReceiptState.DELIVERED, "", "447700900001", at)


async def test_old_ones_are_forgotten_some_at_a_time(tmp_path: Path) -> None:
    kept = open_store(tmp_path)
    await kept.receipts.record([early(number) for number in range(COUNT)])
    await kept.receipts.record([early(COUNT, NOW + EARLY_MS)])
    left: list[int] = []
    db = apsw.Connection(str(tmp_path / "aldis.db"), flags=apsw.SQLITE_OPEN_READONLY)
    for _ in range(6):
        await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + EARLY_MS, 0)
        left.append(one(db, "SELECT count(*) FROM parked_receipt"))
    assert left == [4001, 3001, 2001, 1001, 1, 1]
    assert await kept.receipts.unreviewed(["link", "other"]) == {"link": COUNT + 1}
    db.close()
    await kept.close()


async def test_of_too_many_the_oldest_go_for_those_that_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = open_store(tmp_path)
    await kept.receipts.record([early(number) for number in range(100)])
    monkeypatch.setattr(receipts, "MAX_EARLY", 40)
    forgotten = [
        (await kept.receipts.record([early(100 + 10 * turn + number) for number in range(10)])).forgotten
        for turn in range(8)
    ]
    assert forgotten == [20, 20, 20, 20, 20, 20, 10, 10]
    await kept.close()


async def test_nothing_looks_at_all_of_them(tmp_path: Path) -> None:
    """Steps of SQLite's machine, which time does not change."""
    kept = open_store(tmp_path)
    await kept.receipts.record([early(number) for number in range(COUNT)])
    await kept.close()
    db = apsw.Connection(str(tmp_path / "aldis.db"))
    steps: list[int] = []

    def count() -> bool:
        steps.append(1)
        return False

    db.set_progress_handler(count, 100)
    reads.unreviewed_receipts(db, ["link", "other"])
    receipts.match_early(db, "link", [(1, 1, "link", "B1", NOW)], NOW)
    receipts.match_early(db, "other", [(1, 1, "other", "B1", NOW)], NOW)
    assert sum(steps) < COUNT / 500
    every(db, "SELECT * FROM parked_receipt WHERE received_at <= 0")
    assert sum(steps) > COUNT / 500  # a look at all of them is noticed
    db.close()
