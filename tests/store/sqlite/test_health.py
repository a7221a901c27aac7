"""How a store's file is, beside whoever writes it; and that what is free in it, and in its log, is given back."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from aldis.errors import SettingsError
from aldis.store.sqlite.engine.compacting import compact
from aldis.store.sqlite.engine.connection import LOG_LIMIT, open_reader, open_writer, upgrade
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import one
from aldis.store.sqlite.engine.transactions import Outbox, Transactions
from aldis.store.sqlite.stores.health import look_over
from tests.fakes.clock import FakeClock

#: a row of this many octets, and rows that are more than the log may keep
OCTETS, MANY = 4_000, 20_000
#: the time of a piece that is over before it begins
OVER = -1.0


@operation()
def fill(db: apsw.Connection, items: list[int]) -> list[None]:
    """Write so many rows for each item."""
    for item in items:
        db.executemany("INSERT INTO filler (octets) VALUES (?)", [(bytes(OCTETS),)] * item)
    return [None] * len(items)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    db = open_writer(tmp_path / "w.db")
    upgrade(db)
    db.execute("CREATE TABLE filler (number INTEGER PRIMARY KEY, octets BLOB)")
    db.close()
    return tmp_path / "w.db"


def filled(path: Path, rows: int) -> None:
    db = open_writer(path)
    with db:
        fill.run(db, [rows])
    db.close()


def damage(path: Path, which: str) -> None:
    """Overwrite the head of a page that holds rows."""
    db = open_reader(path)
    page = one(db, f"SELECT {which} FROM dbstat WHERE name = 'filler' AND pagetype = 'leaf'")
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 64)


def log_of(path: Path) -> int:
    return path.with_name("w.db-wal").stat().st_size


def test_the_log_shrinks_when_a_long_reader_has_left(path: Path) -> None:
    writing = Transactions(path, Outbox(lambda _: 0, lambda _db, _id: []))
    reader = open_reader(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM filler").fetchall()
    assert writing.run([(fill, MANY)]).outcomes == [None]
    assert log_of(path) > LOG_LIMIT
    writing.rest()
    assert look_over(path, FakeClock()).log_octets == log_of(path) > LOG_LIMIT
    reader.execute("COMMIT")
    for _ in range(1_000):  # commits start a copy, which ends when its thread has run
        writing.run([(fill, 1_100)])
        writing.rest()
        if log_of(path) <= LOG_LIMIT:
            break
    assert log_of(path) <= LOG_LIMIT
    writing.close()
    reader.close()


def test_a_look_holds_no_snapshot_longer_than_a_piece_may_take(path: Path) -> None:
    filled(path, MANY)
    health = look_over(path, FakeClock(), piece_s=OVER)
    assert (health.found, "filler" in health.in_part) == ("ok", True)
    whole = look_over(path, FakeClock(), is_deep=True, piece_s=OVER)
    assert (whole.found, whole.in_part) == ("ok", ())


def test_a_small_store_is_looked_at_whole(path: Path) -> None:
    filled(path, 10)
    assert look_over(path, FakeClock()).in_part == ()


@pytest.mark.parametrize("is_deep", [False, True])
def test_damage_is_found(path: Path, *, is_deep: bool) -> None:
    filled(path, 100)
    damage(path, "min(pageno)")
    assert look_over(path, FakeClock(), is_deep=is_deep).found != "ok"


def test_the_newest_rows_of_a_table_too_large_for_its_piece_are_read(path: Path) -> None:
    filled(path, MANY)
    damage(path, "max(pageno)")
    health = look_over(path, FakeClock(), piece_s=OVER)
    assert health.found.startswith("CorruptError")


def test_compacting_gives_back_what_retention_frees(path: Path) -> None:
    filled(path, 3_000)
    before = path.stat().st_size
    db = open_writer(path)
    db.execute("DELETE FROM filler WHERE number % 3 > 0")
    db.close()
    assert path.stat().st_size == before
    health = look_over(path, FakeClock())
    assert health.free_octets > before // 2
    told = compact(path)
    assert told == (before, path.stat().st_size)
    assert path.stat().st_size < before // 2
    assert not path.with_name("w.db-wal").exists()
    after = look_over(path, FakeClock(), is_deep=True)
    assert (after.found, after.free_octets) == ("ok", 0)
    db = open_reader(path)
    assert db.execute("SELECT count(*), max(number) FROM filler").fetchall() == [(1_000, 3_000)]
    db.close()


def test_compacting_needs_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, 3_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: (10**9, 10**9, 1_000_000))
    before = path.read_bytes()
    with pytest.raises(SettingsError, match=r"needs [0-9.]+ MiB free beside it, and there are 1\.0"):
        compact(path)
    assert path.read_bytes() == before


def test_compacting_waits_for_nobody_who_reads(path: Path) -> None:
    filled(path, 100)
    reader = open_reader(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM filler").fetchall()
    with pytest.raises(SettingsError, match="another program has it open"):
        compact(path, patience_ms=10)
    reader.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM filler").fetchall() == [(100,)]
    reader.close()
