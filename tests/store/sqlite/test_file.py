"""What only the SQLite store promises: one file's migrations, group commit, faults that hit the guilty alone."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from pathlib import Path

import apsw
import pytest

from aldis.errors import OutcomeUnknown, SettingsError, StoreUnavailable
from aldis.stages.sending.shares import share
from aldis.store import migrate
from aldis.store.memory.outcome_journal import JournaledResults, OutcomeJournal
from aldis.store.migrate import Migration
from aldis.store.sqlite.engine.connection import open_reader, open_writer, upgrade
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.owner_lock import OwnerLock
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.process.writer_thread import WriterThread
from aldis.store.sqlite.store import open_sqlite
from aldis.traffic.matching import SUBMITTED
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.receipt import ReceiptState
from aldis.traffic.states import ENDED, Event, State
from tests.backends import a_runner, own
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, a_message, accept


@operation()
def keep(db: apsw.Connection, items: list[str]) -> list[int]:
    """Insert each item; "bad" breaks a constraint, "full" is what a full disk says."""
    counts = []
    for item in items:
        if item == "full":
            raise apsw.FullError
        db.execute("INSERT INTO kept VALUES (?)", (item,))
        counts.append(len(items))
    return counts


#: what each message writes to
TABLES = ("message", "segment", "postback")


@pytest.fixture
def database(tmp_path: Path) -> apsw.Connection:
    db = open_writer(tmp_path / "w.db")
    upgrade(db)
    db.execute("CREATE TABLE kept (item TEXT CHECK (item <> 'bad'))")
    return db


def a_writer(db: apsw.Connection) -> Writer:
    return Writer(WriterThread(Path(db.filename)), lambda _calls, _ran: None)


async def test_calls_that_wait_together_share_a_commit(database: apsw.Connection) -> None:
    writer = a_writer(database)
    together = await asyncio.gather(*(writer.call(keep, str(n)) for n in range(50)))
    assert together == [50] * 50
    assert writer.commits == 1
    await writer.close()


async def test_a_small_call_waits_behind_one_large_call_and_no_more(database: apsw.Connection) -> None:
    writer = a_writer(database)
    large = [writer.call(keep, f"large {n}", messages=1_000) for n in range(3)]
    small = [writer.call(keep, f"small {n}") for n in range(3)]
    await asyncio.gather(*large, *small)
    kept = [item for (item,) in database.execute("SELECT item FROM kept ORDER BY rowid")]
    assert sorted(kept[:4]) == ["large 0", "small 0", "small 1", "small 2"]
    assert kept[4:] == ["large 1", "large 2"]
    assert writer.commits == 4
    await writer.close()


async def test_a_failing_call_fails_alone(database: apsw.Connection) -> None:
    writer = a_writer(database)
    outcomes = await asyncio.gather(
        *(writer.call(keep, item) for item in ("a", "bad", "b", "full")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [int, apsw.ConstraintError, int, StoreUnavailable]
    assert database.execute("SELECT item FROM kept").fetchall() == [("a",), ("b",)]
    await writer.close()
    with pytest.raises(StoreUnavailable):
        await writer.call(keep, "late")


async def test_operations_that_meet_run_in_the_order_of_their_rank(database: apsw.Connection) -> None:
    ran: list[str] = []

    @operation(rank=2)
    def second(_db: apsw.Connection, items: list[None]) -> list[None]:
        ran.append("second")
        return items

    @operation(rank=1)
    def first(_db: apsw.Connection, items: list[None]) -> list[None]:
        ran.append("first")
        return items

    writer = a_writer(database)
    await asyncio.gather(writer.call(second, None), writer.call(first, None))
    assert ran == ["first", "second"]
    await writer.close()


async def test_another_process_writing_delays_and_does_not_break(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "aldis.db", FakeClock())
    other = open_writer(tmp_path / "aldis.db")
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(store.admission.take_ids(1))
    await asyncio.sleep(0)  # one turn of the loop: the call is on its way
    other.execute("COMMIT")
    assert len(await waiting) == 1
    other.close()
    await store.close()


async def test_nobody_waits_for_another_process_for_ever(
    database: apsw.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aldis.store.sqlite.engine.connection.BUSY_MS", 50)
    other = open_writer(tmp_path / "w.db")
    other.execute("BEGIN IMMEDIATE")
    writer = a_writer(database)
    outcomes = await asyncio.gather(*(writer.call(keep, str(n)) for n in range(40)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    other.execute("ROLLBACK")
    assert await writer.call(keep, "again") == 1
    await writer.close()
    other.close()


def test_the_file_is_write_ahead_logged_and_synced_in_full(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "x.db")
    assert db.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    assert db.execute("PRAGMA synchronous").fetchall() == [(2,)]


def test_migrations_are_applied_once_and_may_not_change(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "x.db")
    assert upgrade(db)
    assert upgrade(db) == []
    db.execute("UPDATE schema_migration SET checksum = 'x'")
    with pytest.raises(SettingsError, match="was changed"):
        upgrade(db)
    with pytest.raises(SettingsError, match="upgrade Aldis"):
        migrate.pending([Migration(1, "0001_a.sql", "")], {2: "x"})


def test_the_schema_knows_the_states_that_the_tables_know(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "x.db")
    upgrade(db)
    sql = dict(db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
    for table, states in (("message", set(State)), ("segment", {SUBMITTED, *ReceiptState})):
        check = re.search(r"CHECK \(([^)]*state = [^)]*)\)", str(sql[table]))
        assert check is not None
        assert set(re.findall(r"state = '(\w+)'", check[1])) == states
        assert len(re.findall(r" OR ", check[1])) == len(states) - 1
    ended = re.search(r"CHECK \(\(ended_at > 0\) = \(([^)]*)\)\)", str(sql["message"]))
    assert ended is not None
    assert set(re.findall(r"state <> '(\w+)'", ended[1])) == set(State) - ENDED


def test_a_store_of_before_the_cheaper_checks_keeps_its_rows_and_its_checks(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "x.db")
    for migration in migrate.load("aldis.store.sqlite.migrations")[:9]:
        db.execute(migration.sql)
    insert = """INSERT INTO segment (message_id, number, link, smsc_message_id, submitted_at, state)
                VALUES (?, 1, 'link', 'A', 1, ?)"""
    db.execute(insert, (1, "delivered"))
    db.execute(migrate.load("aldis.store.sqlite.migrations")[9].sql)
    db.execute(insert, (2, "enroute"))
    db.close()
    db = open_writer(tmp_path / "x.db")
    with pytest.raises(apsw.ConstraintError):
        db.execute(insert, (3, "lost"))
    assert db.execute("SELECT message_id, state FROM segment").fetchall() == [
        (1, "delivered"),
        (2, "enroute"),
    ]
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA writable_schema").fetchall() == [(0,)]
    sql = "".join(
        text for (text,) in db.execute("SELECT sql FROM sqlite_schema WHERE name IN (?, ?, ?)", TABLES)
    )
    assert not re.search(r"CHECK[^,]* IN \(", sql)


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "aldis.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(SettingsError, match="cannot be opened as a store"):
        open_sqlite(tmp_path / "aldis.db", FakeClock())


def test_a_data_directory_has_one_owner(tmp_path: Path) -> None:
    lock = OwnerLock(tmp_path)
    with pytest.raises(SettingsError, match="another Aldis"):
        OwnerLock(tmp_path)
    lock.release()
    OwnerLock(tmp_path).release()


async def test_a_lock_waits_for_an_owner_that_is_just_leaving(tmp_path: Path) -> None:
    lock = OwnerLock(tmp_path)
    waiting = asyncio.create_task(asyncio.to_thread(OwnerLock, tmp_path, 5.0))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    lock.release()
    (await waiting).release()


@pytest.mark.slow
async def test_a_writer_that_dies_is_told_and_nothing_is_kept_by_those_who_come_after(tmp_path: Path) -> None:
    lost = asyncio.Event()
    runner = a_runner(tmp_path, lost.set)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), runner)
    assert len(await store.admission.take_ids(5)) == 5
    assert runner.pid is not None
    os.kill(runner.pid, signal.SIGKILL)
    await lost.wait()
    with pytest.raises(StoreUnavailable):
        await store.admission.take_ids(5)
    await store.close()


@pytest.mark.slow
async def test_what_a_dying_writer_was_at_is_neither_kept_nor_not_kept(tmp_path: Path) -> None:
    runner = a_runner(tmp_path)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), runner)
    await store.admission.take_ids(1)
    assert runner.pid is not None
    os.kill(runner.pid, signal.SIGSTOP)
    asked = [asyncio.ensure_future(store.admission.take_ids(1)) for _ in range(2)]
    await asyncio.sleep(0)  # one turn of the loop: the first is on its way, and the second waits for it
    asked += [asyncio.ensure_future(store.admission.take_ids(1))]
    os.kill(runner.pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown, StoreUnavailable]
    await store.close()


@pytest.mark.slow
async def test_the_writer_ends_with_its_gateway(tmp_path: Path) -> None:
    runner = a_runner(tmp_path)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), runner)
    await store.admission.take_ids(1)
    pid = runner.pid
    assert pid is not None
    await store.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not (tmp_path / "aldis.db-wal").exists()


def size_of(path: Path) -> int:
    return path.stat().st_size


@pytest.mark.parametrize("cut", [0, 1, 7])
async def test_what_was_heard_is_settled_after_a_crash(tmp_path: Path, demo_folder: Path, cut: int) -> None:
    shutil.copy(demo_folder / "aldis.db", tmp_path)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), journal=OutcomeJournal(tmp_path))
    for number in (1, 2, 3):
        await accept(store, a_message(number))
    await store.sending.claim(await own(store), 3, share, NOW)
    settled = AttemptResult(1, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, "A1"),))
    store.sending.journal(
        await own(store), [settled, AttemptResult(2, Event.SUBMIT_REJECTED, reason="no")], NOW
    )
    await store.sending.record(await own(store), [settled], NOW)
    store.sending.journal(
        await own(store), [AttemptResult(3, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, "A3"),))], NOW
    )
    file = tmp_path / "heard-1.journal"
    os.truncate(file, size_of(file) - cut)  # as if the process had died while it wrote the last
    again = open_sqlite(tmp_path / "aldis.db", FakeClock(), journal=OutcomeJournal(tmp_path))
    assert await again.sending.recover(await own(again), hold=False, now=NOW) == 0
    assert await again.metrics.count_by_state() == (
        {"sent": 1, "rejected": 1, "queued": 1} if cut else {"sent": 2, "rejected": 1}
    )
    assert size_of(file) == 0
    timeline = await again.search.message(1)
    assert timeline is not None
    assert timeline.message.attempts == 1
    await again.close()
    await store.close()


#: as a process of the version before had written down what it heard
OLD_JOURNAL = bytes.fromhex(
    "00000076920195a56865617264a46c696e6b949601a473656e74919201a2413100a0c39602a872656a65637465649000a26e6fc396"
    "03a6717565756564919201a24133cf000001a3185c5005a462757379c39604a671756575656490cf000001a3185c5005a96c696e6b"
    "20646f776ec2cf000001a3185c5000c200000061920295a56865617264a468656c64949605ab756e636f6e6669726d65649000a869"
    "6e20646f756274c39606a66661696c65649000a462757379c39607a7657870697265649000a462757379c39608a473656e749000a0"
    "c3cf000001a3185c5000c30000000d920392a7736574746c65649108"
)


async def test_what_the_version_before_had_heard_is_recorded(tmp_path: Path, demo_folder: Path) -> None:
    shutil.copy(demo_folder / "aldis.db", tmp_path)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock())
    for number in range(1, 9):
        await accept(store, a_message(number, link="link" if number < 5 else "held"))
    await store.sending.mark(await own(store), [5, 6, 7, 8])
    await store.close()
    (tmp_path / "heard-1.journal").write_bytes(OLD_JOURNAL)
    again = open_sqlite(tmp_path / "aldis.db", FakeClock(), journal=OutcomeJournal(tmp_path))
    assert await again.sending.recover(await own(again), hold=False, now=NOW) == 0
    assert await again.sending.recover(await own(again, "held"), hold=False, now=NOW) == 1
    found = [await again.search.message(number) for number in range(1, 9)]
    assert [(told.message.state, told.message.attempts, told.message.reason) for told in found if told] == [
        (State.SENT, 1, ""),
        (State.REJECTED, 1, "no"),
        (State.QUEUED, 1, "busy"),
        (State.QUEUED, 0, "link down"),
        (State.UNCONFIRMED, 1, "in doubt"),
        (State.FAILED, 1, "busy"),
        (State.EXPIRED, 1, "busy"),
        (State.UNCONFIRMED, 0, "in doubt"),  # of which the journal says that its result was on disk
    ]
    assert [len(told.segments) for told in found if told] == [1, 0, 1, 0, 0, 0, 0, 0]
    await again.close()


async def test_the_journal_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aldis.store.memory.outcome_journal.TURN_OCTETS", 1000)
    journal = OutcomeJournal(tmp_path)
    for number in range(1000):
        journal.note(JournaledResults("link", (AttemptResult(number, Event.SUBMIT_ACCEPTED),), NOW))
        journal.note_recorded([number - 5])
    assert sum(size_of(tmp_path / f"heard-{number}.journal") for number in (1, 2)) < 3000
    journal.close()


async def test_an_old_note_does_not_speak_for_a_later_attempt(tmp_path: Path, demo_folder: Path) -> None:
    shutil.copy(demo_folder / "aldis.db", tmp_path)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), journal=OutcomeJournal(tmp_path))
    await accept(store, a_message(1))
    back = AttemptResult(1, Event.SUBMIT_DEFERRED, due_at=NOW, reason="busy")
    lease = await own(store)
    await store.sending.claim(lease, 1, share, NOW)
    await store.sending.mark(lease, [1])
    assert store.sending.journal(lease, [back], NOW)
    await store.sending.record(lease, [back], NOW)
    await store.sending.claim(lease, 1, share, NOW)
    await store.sending.mark(lease, [1])  # on the wire again, and then the process dies
    again = open_sqlite(tmp_path / "aldis.db", FakeClock(), journal=OutcomeJournal(tmp_path))
    assert await again.sending.recover(await own(again), hold=True, now=NOW) == 1
    assert await again.metrics.count_by_state() == {"unconfirmed": 1}
    await again.close()
    await store.close()


async def test_a_reader_does_not_hold_commits_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aldis.store.sqlite.engine.checkpoints.START_PAGES", 1)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock())
    await store.admission.take_ids(1)
    reader = open_reader(tmp_path / "aldis.db")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM counter").fetchall()
    async with asyncio.timeout(5):
        for _ in range(200):
            await store.admission.take_ids(1)
    reader.execute("COMMIT")
    reader.close()
    await store.close()


async def test_a_data_directory_that_we_make_is_for_nobody_else(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "data" / "aldis.db", FakeClock())
    await store.close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
