"""What is posted from memory is what would have been read from the file, whatever happens in which order."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.store import Store
from aldis.store.memory.postback_cache import MAX_FRESH, REREAD_MS, PendingPostback, PostbackCache
from aldis.store.sqlite.engine.connection import open_reader
from aldis.store.sqlite.engine.operations import Call
from aldis.store.sqlite.engine.rows import every
from aldis.store.sqlite.engine.transactions import Ran, Transactions
from aldis.store.sqlite.reads import postbacks as postback_reads
from aldis.store.sqlite.reads.due import DuePostbacks
from aldis.store.sqlite.reads.postbacks import OUTBOX
from aldis.store.sqlite.store import open_sqlite
from aldis.store.sqlite.writes import admission, ownership, postbacks, receipts, sending
from aldis.traffic.message import AttemptResult, MessageFacts, SubmittedSegment
from aldis.traffic.postback import DuePostback, Notify, PostbackEvent, PostbackResult
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import Event, State
from tests.backends import apply
from tests.fakes.clock import FakeClock
from tests.store.building import LEASE, NOW, POSTPAID, a_message, settle_sent
from tests.store.conftest import DIRECTORY

Found = TypeVar("Found")

LANES = ("a", "b")
BOTH = Notify.SENT | Notify.ENDED
AT_ONCE = 3


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A file with the directory in it."""

    async def make(path: Path) -> None:
        store = open_sqlite(path, FakeClock())
        await apply(store, DIRECTORY, NOW)
        await store.close()

    with TemporaryDirectory() as folder:
        asyncio.run(make(Path(folder) / "aldis.db"))
        yield Path(folder) / "aldis.db"


class House:
    """A writer whose answers arrive when the test says so, one at a time, and a poster that keeps to the rules."""

    def __init__(self, path: Path) -> None:
        self._transactions = Transactions(path, OUTBOX)
        self._transactions.run([(ownership.acquire, ownership.Acquire(LEASE.resource, LEASE.holder))])
        self._transactions._db.execute("PRAGMA synchronous = OFF")
        self._reader = open_reader(path)
        self._due = DuePostbacks(self._reader)
        self._answer: tuple[Sequence[Call], Ran, list[tuple[str, PostbackResult]]] | None = None
        self.now = NOW
        self.held: dict[str, dict[int, DuePostback]] = {lane: {} for lane in LANES}
        self._sent = 0
        self._waiting: list[int] = []

    def close(self) -> None:
        self._reader.close()
        self._transactions.close()

    def _write(self, *calls: Call, results: list[tuple[str, PostbackResult]] | None = None) -> None:
        self.deliver()
        ran = self._transactions.run(calls)
        assert not [outcome for outcome in ran.outcomes if isinstance(outcome, Exception)]
        self._answer = (calls, ran, results or [])

    def deliver(self) -> None:
        if self._answer is None:
            return
        (calls, ran, results), self._answer = self._answer, None
        self._due.note(calls, ran)
        for lane, result in results:
            self.held[lane].pop(result.postback_id, None)

    def send(self, lane: str, notify: Notify, *, told_at_once: bool) -> None:
        self._sent += 1
        number = self._sent
        message = a_message(number, account_id=POSTPAID, notify=notify, lane=lane)
        self._write((admission.accept, Acceptance(POSTPAID, False, (message,))))
        result = AttemptResult(number, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, f"A{number}"),))
        record = (sending.record_results, sending.RecordResults(LEASE, "link", (result,), self.now))
        if told_at_once:
            self._write(record, (receipts.record, (self._receipt(number),)))
        else:
            self._write(record)
            self._waiting.append(number)

    def _receipt(self, number: int) -> Receipt:
        return Receipt("link", f"A{number}", ReceiptState.DELIVERED, "", "447700900001", self.now)

    def tell(self, which: int) -> None:
        if self._waiting:
            number = self._waiting.pop(which % len(self._waiting))
            self._write((receipts.record, (self._receipt(number),)))

    def finish(self, which: int, kind: str) -> None:
        self.deliver()
        held = [(lane, due) for lane, dues in self.held.items() for due in dues.values()]
        if not held:
            return
        lane, due = held[which % len(held)]
        if kind == "let go":
            del self.held[lane][due.postback_id]
            return
        again = self.now + 100 if kind == "again" else None
        result = PostbackResult(due.postback_id, self.now, 200, "", again, done=kind == "done")
        self._write((postbacks.finish, (result,)), results=[(lane, result)])

    def round(self) -> int:
        """Read as the poster does; whatever is given must be due in the file."""
        count = 0
        for lane in _at_once(self._due.lanes("", 256, self.now)):
            held = self.held[lane]
            expected = postback_reads.due(self._reader, lane, 1_000, self.now, held).postbacks
            by_id = {due.postback_id: due for due in expected}
            assert _at_once(self._due.due_inbound(lane, AT_ONCE, self.now, held)) == []
            found = _at_once(self._due.due(lane, AT_ONCE, self.now, held))
            assert len(found) <= AT_ONCE
            for due in found:
                assert _said(due) == _said(by_id.pop(due.postback_id))
                held[due.postback_id] = due
            count += len(found)
        return count

    def reread(self) -> None:
        self.now += REREAD_MS
        self.round()

    def pending(self) -> int:
        return len(every(self._reader, "SELECT 1 FROM postback WHERE due_at IS NOT NULL"))


def _at_once(asked: Coroutine[None, None, Found]) -> Found:
    """Take what a read finds: none of these waits."""
    try:
        asked.send(None)
    except StopIteration as found:
        return cast("Found", found.value)
    raise AssertionError("it waits")


def _said(due: DuePostback) -> tuple[object, ...]:
    """What a customer is told; the rest of the message may have moved on since."""
    message = due.message
    facts = (message.message_id, message.reference, message.recipient, message.echo, message.callback_url)
    return (due.postback_id, due.lane, due.event, due.state, due.error_code, due.happened_at, *facts)


numbers = st.integers(0, 9)
steps = st.one_of(
    st.tuples(
        st.just("send"),
        st.sampled_from(["a", "a", "b"]),
        st.sampled_from([BOTH, Notify.ENDED]),
        st.booleans(),
    ),
    st.tuples(st.just("tell"), numbers),
    st.tuples(st.just("finish"), numbers, st.sampled_from(["done", "done", "again", "given up", "let go"])),
    st.just(("deliver",)),
    st.just(("round",)),
    st.just(("round",)),
    st.just(("reread",)),
    st.tuples(st.just("wait"), st.sampled_from([1, 90])),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, min_size=20, max_size=60))
def test_memory_says_what_the_file_says(template: Path, taken: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder:
        house = House(Path(shutil.copy(template, Path(folder) / "aldis.db")))
        house.round()
        for name, *arguments in taken:
            match name, arguments:
                case "send", (str(lane), Notify() as notify, bool(at_once)):
                    house.send(lane, notify, told_at_once=at_once)
                case "wait", (int(ms),):
                    house.now += ms
                case _:
                    getattr(house, str(name))(*arguments)
        while house.pending():  # nothing that is pending is left out
            house.deliver()
            house.reread()
            while any(house.held.values()):
                house.finish(0, "done")
                house.deliver()
        house.close()


async def test_what_was_owed_just_now_needs_no_second_look(kept: Store) -> None:
    assert await kept.postbacks.lanes("", 10, NOW) == []
    await settle_sent(kept, a_message(1, notify=BOTH, lane="l"), ids=("A1",))
    assert await kept.postbacks.lanes("", 10, NOW + 1) == ["l"]
    assert await kept.postbacks.due_inbound("l", 10, NOW + 1) == []
    (sent,) = await kept.postbacks.due("l", 10, NOW + 1)
    assert (sent.event, sent.state, sent.message.state) == (PostbackEvent.SENT, State.SENT, State.SENT)
    receipt = Receipt("link", "A1", ReceiptState.DELIVERED, "", "447700900001", NOW + 2)
    await kept.receipts.record([receipt])
    assert await kept.postbacks.lanes("", 10, NOW + 2) == []  # its end waits for the first to be told
    await kept.postbacks.finish([PostbackResult(sent.postback_id, NOW + 3, 200, "", None, done=True)])
    assert await kept.postbacks.lanes("", 10, NOW + 3) == ["l"]
    (ended,) = await kept.postbacks.due("l", 10, NOW + 3, besides=[sent.postback_id])
    assert (ended.event, ended.state) == (PostbackEvent.ENDED, State.DELIVERED)


async def test_what_was_given_and_not_finished_is_given_again_a_moment_later(kept: Store) -> None:
    assert await kept.postbacks.lanes("", 10, NOW) == []
    await settle_sent(kept, a_message(1, notify=Notify.SENT, lane="l"))
    (given,) = await kept.postbacks.due("l", 10, NOW)
    later = NOW + REREAD_MS
    assert await kept.postbacks.lanes("", 10, later) == ["l"]
    assert await kept.postbacks.due("l", 10, later) == [given]


def a_postback(number: int, lane: str = "l") -> PendingPostback:
    facts = MessageFacts(
        message_id=number,
        submission_id=number,
        account_id=1,
        dialect="genesys",
        reference="",
        link="link",
        sender="74700",
        recipient="447700900001",
        country="GB",
        state=State.DELIVERED,
        segments=1,
        price_micros=1,
        attempts=1,
        accepted_at=NOW,
        sent_at=NOW,
        ended_at=NOW,
        reason="",
        callback_url="",
        echo=b"{}",
    )
    return PendingPostback(
        DuePostback(number, lane, PostbackEvent.ENDED, State.DELIVERED, "", NOW, 0, facts), 0
    )


def test_a_backlog_is_left_in_the_file() -> None:
    known = PostbackCache()
    known.note_named([], NOW, is_all=True)
    known.note([a_postback(number) for number in range(1, MAX_FRESH + 1)])
    assert not known.must_read("l", NOW)
    known.note([a_postback(MAX_FRESH + 1), a_postback(MAX_FRESH + 2, "m")])
    assert known.must_read("l", NOW)
    assert not known.must_read("m", NOW)
    assert known.take("l", 10, NOW) == []
    assert known.lanes("", 10, NOW) == ["l", "m"]


def test_too_much_to_tell_has_the_file_asked_for_everything() -> None:
    known = PostbackCache()
    known.note_named([], NOW, is_all=True)
    known.note([a_postback(1)])
    known.note(None)
    assert known.must_ask(NOW)
    known.note_named(["l"], NOW, is_all=True)
    assert known.must_read("l", NOW)
