"""The poster's store beside the writing connection: what is pending is heard at once, results travel in company."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from aldis.accounts import directory_file
from aldis.accounts.plan import plan
from aldis.dialects.registry import TRAITS
from aldis.errors import StoreUnavailable
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.directory import Carrying
from aldis.store.sqlite.engine.connection import BUSY_MS, RETRY_MS, open_reader, open_writer
from aldis.store.sqlite.engine.operations import Call
from aldis.store.sqlite.engine.rows import one
from aldis.store.sqlite.engine.transactions import Transactions
from aldis.store.sqlite.process.local_postbacks import LocalPostbacks
from aldis.store.sqlite.process.writer_protocol import Frames, Kind, frame
from aldis.store.sqlite.reads.postbacks import OUTBOX
from aldis.store.sqlite.store import open_sqlite
from aldis.store.sqlite.writes import admission, changes, ownership, postbacks, receipts, sending
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.postback import DuePostback, Notify, PostbackResult
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import Event
from tests.backends import APPLYING, apply
from tests.fakes.clock import FakeClock
from tests.store.building import LEASE, NOW, POSTPAID, a_message
from tests.store.conftest import DIRECTORY

LANE = "http://customer:80"


def accepted(number: int) -> Call:
    message = a_message(number, account_id=POSTPAID, notify=Notify.ENDED, lane=LANE)
    return admission.accept, Acceptance(POSTPAID, prepaid=False, messages=(message,))


def told(number: int) -> list[Call]:
    result = AttemptResult(number, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, f"A{number}"),))
    receipt = Receipt("link", f"A{number}", ReceiptState.DELIVERED, "", "447700900001", NOW)
    return [
        (sending.record_results, sending.RecordResults(LEASE, "link", (result,), NOW)),
        (receipts.record, (receipt,)),
    ]


class Desk:
    """A writing connection with the poster's store beside it."""

    def __init__(self, path: Path) -> None:
        self.transactions = Transactions(path, OUTBOX)
        self.transactions.run([(ownership.acquire, ownership.Acquire(LEASE.resource, LEASE.holder))])
        self.is_behind = False
        self.broken = asyncio.Event()
        self.postbacks = LocalPostbacks(path, self.transactions, lambda: self.is_behind, self.broken.set)
        self.hints = 0
        self.postbacks.subscribe(self._hint)
        self.path = path

    def _hint(self) -> None:
        self.hints += 1

    async def due(self) -> list[DuePostback]:
        """Look as the poster does."""
        lanes = await self.postbacks.lanes("", 10, NOW)
        return [due for lane in lanes for due in await self.postbacks.due(lane, 100, NOW)]

    def close(self) -> None:
        self.postbacks.close()
        self.transactions.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = open_sqlite(tmp_path / "aldis.db", FakeClock())
    await apply(store, DIRECTORY, NOW)
    made = Desk(tmp_path / "aldis.db")
    yield made
    made.close()
    await store.close()


def done(due: DuePostback) -> PostbackResult:
    return PostbackResult(due.postback_id, NOW, 200, "", None, done=True)


async def finishing_one(desk: Desk) -> asyncio.Task[None]:
    """Owe a postback and have what became of it wait for company."""
    desk.postbacks.run([accepted(1)])
    desk.postbacks.run(told(1))
    (due,) = await desk.due()
    finishing = asyncio.create_task(desk.postbacks.finish([done(due)]))
    await asyncio.sleep(0)  # it has said so
    return finishing


def count_done(path: Path) -> int:
    db = open_reader(path)
    count: int = one(db, "SELECT count(*) FROM postback WHERE done")
    db.close()
    return count


async def test_what_is_owed_is_heard_as_it_commits_and_is_not_told_twice(desk: Desk) -> None:
    assert await desk.due() == []
    assert desk.postbacks.run([accepted(1)]).outcomes == [None]
    assert desk.hints == 0
    ran = desk.postbacks.run(told(1))
    assert desk.hints == 1
    assert ran.pending == []  # the gateway need not know
    assert [due.message.message_id for due in await desk.due()] == [1]


async def test_what_is_due_waits_while_the_directory_is_behind(desk: Desk) -> None:
    desk.postbacks.run([accepted(1)])
    desk.postbacks.run(told(1))
    desk.is_behind = True
    assert await desk.due() == []
    desk.is_behind = False
    assert len(await desk.due()) == 1


async def test_a_transaction_that_breaks_off_ends_the_process(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_self: object, _batch: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Transactions, "run", lost)
    told_of: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told_of.append(context))
    finishing = asyncio.create_task(desk.postbacks.finish([]))
    await desk.broken.wait()
    finishing.cancel()
    assert len(told_of) == 1


async def test_results_travel_in_the_gateways_next_transaction(desk: Desk) -> None:
    finishing = await finishing_one(desk)
    assert count_done(desk.path) == 0
    before = desk.postbacks.run([]).commits - 1  # this one carried them
    assert desk.postbacks.run([accepted(2)]).commits == before + 2
    await finishing
    assert count_done(desk.path) == 1


async def test_the_gateway_gets_the_outcomes_of_its_own_calls_only(desk: Desk) -> None:
    finishing = await finishing_one(desk)
    ran = desk.postbacks.run([(admission.take_ids, 3), accepted(2)])
    assert [type(outcome) for outcome in ran.outcomes] == [range, type(None)]
    await finishing


async def test_results_without_company_are_written_by_themselves(desk: Desk) -> None:
    desk.postbacks.run([accepted(1)])
    desk.postbacks.run(told(1))
    (due,) = await desk.due()
    async with asyncio.timeout(5):
        await desk.postbacks.finish([done(due)])
    assert count_done(desk.path) == 1


async def test_what_cannot_be_written_is_told_to_whoever_posted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_db: apsw.Connection, _items: list[Sequence[PostbackResult]]) -> list[None]:
        raise StoreUnavailable("SQLite: FullError")

    monkeypatch.setattr(postbacks, "finish", replace(postbacks.finish, run=full))
    finishing = asyncio.create_task(desk.postbacks.finish([]))
    await asyncio.sleep(0)
    assert desk.postbacks.run([accepted(1)]).outcomes == [None]  # nobody else suffers
    with pytest.raises(StoreUnavailable):
        await finishing


@pytest.fixture
def beside(desk: Desk) -> Iterator[apsw.Connection]:
    """A command that writes beside the gateway."""
    db = open_writer(desk.path)
    yield db
    db.close()


async def test_another_process_that_writes_is_waited_for_beside_the_loop(
    desk: Desk, beside: apsw.Connection
) -> None:
    finishing = await finishing_one(desk)
    beside.execute("BEGIN IMMEDIATE")
    for _ in range(50):  # the loop goes on: what is posted meanwhile is sent and heard
        await asyncio.sleep(0.001)
        assert not finishing.done()
    beside.execute("ROLLBACK")
    async with asyncio.timeout(5):
        await finishing
    assert count_done(desk.path) == 1


async def test_who_waits_in_vain_for_another_process_hears_of_it(desk: Desk, beside: apsw.Connection) -> None:
    beside.execute("BEGIN IMMEDIATE")
    asked = 1
    while not desk.transactions.begin():
        asked += 1
    assert asked == BUSY_MS // RETRY_MS
    (outcome,) = desk.postbacks.run([accepted(1)]).outcomes
    assert isinstance(outcome, StoreUnavailable)
    assert not desk.transactions.begin()  # the next one waits for as long
    beside.execute("ROLLBACK")
    assert desk.transactions.begin()
    assert desk.postbacks.run([accepted(1)]).outcomes == [None]


async def test_the_newest_directory_is_given(desk: Desk) -> None:
    store = open_sqlite(desk.path, FakeClock())
    version = desk.postbacks.directory_version()
    wanted = directory_file.read(DIRECTORY + '[[account]]\nname = "new"\n', "d.toml", TRAITS)
    change = plan(wanted, await store.changes.stored(), TRAITS)
    await store.close()
    (outcome,) = desk.postbacks.run([(changes.carry_out, Carrying(change, APPLYING, NOW))]).outcomes
    assert not isinstance(outcome, Exception)
    assert desk.postbacks.directory_version() > version
    assert "new" in (await desk.postbacks.directory()).accounts


def test_frames_are_cut_however_they_come() -> None:
    said = [(Kind.QUESTION, b"abc"), (Kind.POST, b""), (Kind.ANSWER, b"x" * 70_000), (Kind.TRIED, b"\0")]
    octets = b"".join(frame(kind, text) for kind, text in said)
    for size in (1, 7, 9, 4096, len(octets)):
        frames = Frames()
        pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
        assert [whole for piece in pieces for whole in frames.take(piece)] == said
