"""What agents do when something fails: nothing is forgotten, whoever waits is told, and the agent goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from aldis.stages.receipts.recorder import Recorder
from aldis.stages.sending.shares import share
from aldis.stages.sending.upstream import Accepted
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import Event, State
from tests.backends import held, own
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_sender import a_sender
from tests.store.building import a_message, accept, settle_sent, state_of

RECEIPT = Receipt("link", "A1", ReceiptState.DELIVERED, "", "447700900001", NOON)


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aldis.stages.sending.outcomes.PAUSE_S", 0.0)


async def test_receipts_that_cannot_be_kept_are_handed_back(store: Store) -> None:
    recorder = Recorder(store.receipts, Metrics())
    told: list[bool] = []
    await store.close()
    recorder.take(RECEIPT, told.append)
    assert await recorder.step() == 1
    assert told == [False]


async def test_a_receipt_that_spoils_its_batch_is_handed_back_alone(
    demo_store: Store, tmp_path: Path
) -> None:
    await settle_sent(demo_store, a_message(1), ids=("A1",))
    spoiling = apsw.Connection(str(tmp_path / "demo" / "aldis.db"))
    spoiling.set_busy_timeout(5_000)
    spoiling.execute("CREATE TRIGGER no BEFORE INSERT ON parked_receipt BEGIN SELECT RAISE(ABORT, 'no'); END")
    recorder = Recorder(demo_store.receipts, Metrics())
    told: list[tuple[str, bool]] = []
    recorder.take(RECEIPT, lambda kept: told.append(("matched", kept)))
    unknown = Receipt("link", "B1", ReceiptState.DELIVERED, "", "447700900001", NOON)
    recorder.take(unknown, lambda kept: told.append(("unknown", kept)))
    await recorder.step()
    assert told == [("matched", True), ("unknown", False)]
    spoiling.close()


@pytest.mark.usefixtures("no_pause")
async def test_an_outcome_that_cannot_be_stored_is_kept_until_it_can(
    demo_store: Store, tmp_path: Path, clock: FakeClock
) -> None:
    for number in (1, 2):
        await accept(demo_store, a_message(number))
    upstream = FakeUpstream()
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    spoiling = apsw.Connection(str(tmp_path / "demo" / "aldis.db"))
    spoiling.set_busy_timeout(5_000)
    spoiling.execute(
        """CREATE TRIGGER no BEFORE INSERT ON segment WHEN new.smsc_message_id = 'SPOILT'
           BEGIN SELECT RAISE(ABORT, 'no'); END"""
    )
    upstream.answer(Accepted("A1"))
    upstream.answer(Accepted("SPOILT"))
    await sender.outcomes.record()
    assert await demo_store.metrics.count_by_state() == {"sent": 1, "queued": 1}
    spoiling.execute("DROP TRIGGER no")
    spoiling.close()
    while (await demo_store.metrics.count_by_state()).get(State.SENT) != 2:
        await asyncio.sleep(0.01)


async def test_an_outcome_that_its_message_does_not_allow_is_let_go_and_the_others_are_kept(
    demo_store: Store, clock: FakeClock
) -> None:
    upstream = FakeUpstream(window=2)
    for number in (1, 2):
        await accept(demo_store, a_message(number))
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    taken = (SubmittedSegment(1, "elsewhere"),)
    await demo_store.sending.record(
        await held(sender), [AttemptResult(1, Event.SUBMIT_ACCEPTED, taken)], clock.now()
    )
    upstream.accept_all()
    await sender.outcomes.record()
    assert [await state_of(demo_store, number) for number in (1, 2)] == [State.SENT, State.SENT]
    timeline = await demo_store.search.message(1)
    assert timeline is not None
    assert [segment.smsc_message_id for segment in timeline.segments] == ["elsewhere"]
    assert sender.is_drained
    assert await demo_store.sending.claim(await own(demo_store), 10, share, clock.now()) == []
