"""The sending agent against a real store and an upstream in memory, one step at a time."""

from __future__ import annotations

import asyncio
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from aldis.sms.encoding import Encoding
from aldis.sms.fitting import TextRules, fit
from aldis.sms.national_tables import Language
from aldis.sms.segments import Splitting
from aldis.stages.owner import Holder
from aldis.stages.sending.retry import RetryPolicy
from aldis.stages.sending.sender import AT_ONCE, Sender, SenderSettings
from aldis.stages.sending.shares import share
from aldis.stages.sending.upstream import Accepted, Deferred, InDoubt, LinkTrouble, Outbound, Rejected
from aldis.store.contract.store import Store
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.telemetry import Metrics
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.states import Event, State
from tests.backends import held, open_store, own
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.store.building import a_message, accept

LONG = b"x" * 400


def a_sender(
    store: Store,
    upstream: FakeUpstream,
    clock: FakeClock,
    *,
    tps: float | None = None,
    hold: bool = False,
    name: str = "test",
) -> Sender:
    settings = SenderSettings(RetryPolicy(max_attempts=3, hold_in_doubt=hold), tps)
    holder = Holder(store.ownership, name, clock)
    return Sender(store.sending, holder, upstream.connect, settings, clock, lambda: 0.0, Metrics())


async def state_of(store: Store, message_id: int) -> State:
    timeline = await store.search.message(message_id)
    assert timeline is not None
    return timeline.message.state


@pytest.fixture
def upstream() -> FakeUpstream:
    return FakeUpstream()


async def test_a_message_goes_out_and_is_settled(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    assert await sender.step() == 1
    assert await state_of(demo_store, 1) is State.QUEUED  # a claim is not written
    upstream.answer(Accepted("A1"))
    await sender.outcomes.record()
    timeline = await demo_store.search.message(1)
    assert timeline is not None
    assert timeline.message.state is State.SENT
    assert [segment.smsc_message_id for segment in timeline.segments] == ["A1"]


@pytest.mark.parametrize("can_note", [True, False])
async def test_no_more_is_in_doubt_than_the_window_holds(
    demo_folder: Path, tmp_path: Path, upstream: FakeUpstream, clock: FakeClock, *, can_note: bool
) -> None:
    journal = OutcomeJournal(tmp_path) if can_note else None
    store = open_store(Path(shutil.copytree(demo_folder, tmp_path / "demo")), clock, journal)
    for number in range(1, 51):
        await accept(store, a_message(number))
    sender = a_sender(store, upstream, clock)
    assert await sender.step() == 2 * upstream.window  # claimed ahead
    assert len(upstream.out) == upstream.window
    for segment in list(upstream.out):
        upstream.answer(Accepted(f"A{segment.message_id}"))
    # What was heard is in doubt until it is noted or settled.
    assert len(upstream.out) == (upstream.window if can_note else 0)
    await sender.outcomes.record()
    assert len(upstream.out) == upstream.window
    await store.close()


async def test_a_link_that_holds_what_is_in_doubt_marks_it_first(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    for number in range(1, 51):
        await accept(demo_store, a_message(number))
    sender = a_sender(demo_store, upstream, clock, hold=True)
    assert await sender.step() == upstream.window
    assert (await demo_store.metrics.count_by_state())["sending"] == upstream.window
    upstream.accept_all()
    sender.wake()
    await sender.step()
    assert (await demo_store.metrics.count_by_state()).get("sending", 0) <= upstream.window


async def test_the_urgent_overtake_what_is_claimed_ahead(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    for number in range(1, 16):
        await accept(demo_store, a_message(number))
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    await accept(demo_store, a_message(99, priority=3))
    sender.wake()
    await sender.step()
    for segment in list(upstream.out):
        upstream.answer(Accepted(f"A{segment.message_id}"))
    await sender.outcomes.record()
    assert upstream.out[0].message_id == 99


async def test_segments_are_paced_and_not_messages(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    for number in (1, 2):
        await accept(demo_store, a_message(number, octets=LONG, segments=3))
    sender = a_sender(demo_store, upstream, clock, tps=2)
    sent = []
    for _ in range(40):
        sender.wake()
        await sender.step()
        sent.append(len(upstream.out))
        clock.advance(0.1)
    assert sent[0] == 1
    assert sent[20] in (4, 5)  # two seconds: what was there at first, and two a second
    assert max(later - earlier for earlier, later in pairwise(sent)) == 1


async def test_a_throttled_message_is_tried_again_and_at_last_given_up(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    for wait in (1, 2):
        sender.wake()
        assert await sender.step() == 1
        upstream.answer(Deferred("ESME_RTHROTTLED"))
        await sender.outcomes.record()
        assert await state_of(demo_store, 1) is State.QUEUED
        sender.wake()
        assert await sender.step() == 0
        clock.advance(wait)
    sender.wake()
    await sender.step()
    upstream.answer(Deferred("ESME_RTHROTTLED"))
    await sender.outcomes.record()
    assert await state_of(demo_store, 1) is State.FAILED


async def test_only_the_segments_that_were_not_taken_go_out_again(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1, octets=LONG, segments=3))
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    for outcome in (Accepted("A1"), Deferred("ESME_RMSGQFUL"), Accepted("A3")):
        upstream.answer(outcome)
    await sender.outcomes.record()
    clock.advance(1)
    sender.wake()
    await sender.step()
    assert [segment.number for segment in upstream.out] == [2]
    upstream.answer(Accepted("A2"))
    await sender.outcomes.record()
    assert await state_of(demo_store, 1) is State.SENT


async def test_a_refused_segment_ends_its_message_without_sending_the_rest(
    demo_store: Store, clock: FakeClock
) -> None:
    upstream = FakeUpstream(window=1)
    await accept(demo_store, a_message(1, octets=LONG, segments=3))
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    upstream.answer(Rejected("ESME_RINVDSTADR"))
    assert upstream.out == []
    await sender.outcomes.record()
    timeline = await demo_store.search.message(1)
    assert timeline is not None
    assert (timeline.message.state, timeline.message.reason) == (State.REJECTED, "ESME_RINVDSTADR")


@pytest.mark.parametrize(("hold", "state"), [(False, State.QUEUED), (True, State.UNCONFIRMED)])
async def test_doubt_is_resolved_by_policy(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock, *, hold: bool, state: State
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock, hold=hold)
    await sender.step()
    upstream.answer(InDoubt("connection lost"))
    await sender.outcomes.record()
    assert await state_of(demo_store, 1) is state


async def test_what_was_not_on_the_wire_returns_when_the_link_goes_down(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1, octets=b"a" * 16 * 153, segments=16))
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    assert len(upstream.out) == 10
    upstream.is_up = False
    await sender.step()
    while upstream.out:
        upstream.answer(Accepted(f"A{upstream.out[0].number}"))
    await sender.outcomes.record()
    assert await state_of(demo_store, 1) is State.QUEUED
    upstream.is_up = True
    clock.advance(1)
    sender.wake()
    await sender.step()
    assert [segment.number for segment in upstream.out] == [11, 12, 13, 14, 15, 16]


async def test_a_message_that_was_taken_whole_before_is_sent(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1, octets=LONG, segments=3))
    await demo_store.sending.claim(await own(demo_store), 1, share, clock.now())
    taken = tuple(SubmittedSegment(number, f"A{number}") for number in (1, 2, 3))
    back = AttemptResult(1, Event.SUBMIT_DEFERRED, taken, clock.now(), "busy")
    sender = a_sender(demo_store, upstream, clock)
    await demo_store.sending.record(await held(sender), [back], clock.now())
    await sender.step()
    await sender.outcomes.record()
    assert upstream.out == []
    assert await state_of(demo_store, 1) is State.SENT


async def test_trouble_of_the_link_costs_a_message_no_attempt_but_not_twice_in_a_row(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    for attempts in (0, 1):  # a message that troubles every session is to blame itself
        sender.wake()
        await sender.step()
        upstream.answer(LinkTrouble("ESME_RINVBNDSTS"))
        await sender.outcomes.record()
        timeline = await demo_store.search.message(1)
        assert timeline is not None
        assert (timeline.message.state, timeline.message.attempts) == (State.QUEUED, attempts)
        assert timeline.message.reason == "ESME_RINVBNDSTS"
    sender.wake()
    assert await sender.step() == 0  # it waits now


async def test_with_hold_no_more_is_marked_than_can_be_submitted(demo_store: Store, clock: FakeClock) -> None:
    upstream = FakeUpstream(window=40)
    upstream.limit = 1
    for number in range(1, 41):
        await accept(demo_store, a_message(number, price_micros=0))
    sender = a_sender(demo_store, upstream, clock, hold=True)
    await sender.step()
    assert len(upstream.out) == 1
    assert await demo_store.metrics.count_by_state() == {"sending": 1, "queued": 39}


async def test_with_hold_and_a_pace_no_more_is_marked_than_may_go_now(
    demo_store: Store, clock: FakeClock
) -> None:
    upstream = FakeUpstream(window=100)
    for number in range(1, 101):
        await accept(demo_store, a_message(number, price_micros=0))
    sender = a_sender(demo_store, upstream, clock, hold=True, tps=100.0)
    await sender.step()
    sent = len(upstream.out)
    assert sent == 5  # a twentieth of a second's worth
    assert await demo_store.metrics.count_by_state() == {"sending": sent, "queued": 100 - sent}


async def test_an_upstream_gets_its_long_messages_as_it_wants_them(
    demo_store: Store, clock: FakeClock
) -> None:
    upstream = FakeUpstream()
    payload = fit(LONG.decode(), TextRules(splitting=Splitting.PAYLOAD))
    turkish_text = fit("ı", TextRules(languages=(Language.TURKISH,)))
    for number, fitted in ((1, payload), (2, turkish_text)):
        octets, segments = fitted.encoded.octets, fitted.segments
        await accept(demo_store, a_message(number, coding=fitted.coding, octets=octets, segments=segments))
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    whole, turkish = upstream.out
    assert (whole.number, whole.total, whole.octets) == (0, 3, LONG)
    assert (turkish.number, turkish.header) == (1, b"\x03\x25\x01\x01")  # its tables are named even alone
    upstream.accept_all()
    await sender.outcomes.record()
    assert await demo_store.metrics.count_by_state() == {"sent": 2}


class RefusingUpstream(FakeUpstream):
    """Cannot say anything: the outcome comes before `submit` returns."""

    def submit(self, segment: Outbound) -> None:
        self.listener.on_outcome(segment, Rejected("cannot be encoded for this link"))


async def test_a_thousand_outcomes_at_once_do_not_pile_up(demo_store: Store, clock: FakeClock) -> None:
    for number in range(1, 1001):
        await accept(demo_store, a_message(number, price_micros=0))
    sender = a_sender(demo_store, RefusingUpstream(window=1000), clock)
    assert await sender.step() == 1000
    async with asyncio.timeout(10):
        while not sender.is_drained:
            await asyncio.sleep(0)
    assert await demo_store.metrics.count_by_state() == {"rejected": 1000}


async def test_a_large_window_is_filled_turn_by_turn(demo_store: Store, clock: FakeClock) -> None:
    for number in range(1, AT_ONCE * 2 + 11):
        await accept(demo_store, a_message(number, price_micros=0))
    upstream = FakeUpstream(window=1000)
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    turns = [len(upstream.out)]
    async with asyncio.timeout(10):
        while len(upstream.out) < AT_ONCE * 2 + 10:
            await asyncio.sleep(0)
            turns.append(len(upstream.out))
    assert turns == [AT_ONCE, AT_ONCE * 2, AT_ONCE * 2 + 10]
    assert [segment.message_id for segment in upstream.out] == list(range(1, AT_ONCE * 2 + 11))


async def test_the_texts_of_both_alphabets_are_cut(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(
        demo_store, a_message(1, coding=int(Encoding.UCS2), octets="ж".encode("utf-16-be") * 71, segments=2)
    )
    await a_sender(demo_store, upstream, clock).step()
    assert [len(segment.octets) for segment in upstream.out] == [134, 8]
    assert upstream.out[0].header == bytes((5, 0, 3, 1, 2, 1))


@pytest.mark.parametrize(
    ("outcome", "hold", "state"),
    [
        (InDoubt("connection lost"), True, State.UNCONFIRMED),
        (InDoubt("connection lost"), False, State.QUEUED),
        (Rejected("ESME_RINVDSTADR"), False, State.REJECTED),
    ],
)
async def test_what_was_dropped_does_not_hide_what_went_wrong(
    demo_store: Store, clock: FakeClock, outcome: InDoubt | Rejected, *, hold: bool, state: State
) -> None:
    upstream = FakeUpstream(window=2)
    await accept(demo_store, a_message(1, octets=LONG, segments=3))
    sender = a_sender(demo_store, upstream, clock, hold=hold)
    await sender.step()
    upstream.is_up = False
    upstream.answer(outcome)
    upstream.answer(Deferred("ESME_RTHROTTLED"))
    await sender.step()
    await sender.outcomes.record()
    assert await state_of(demo_store, 1) is state


async def test_a_stop_while_the_store_marks_is_obeyed(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    sender = a_sender(demo_store, upstream, clock, hold=True)
    for number, recipient in ((1, "447700900001"), (2, "447700900002")):
        await accept(demo_store, a_message(number, recipient=recipient))
    await sender.own()
    claiming = asyncio.create_task(sender.step())
    await asyncio.sleep(0)  # the claim is on its way to the writer, who marks it
    assert upstream.out == []
    sender.release_opted_out({("74700", "447700900001")})
    await claiming
    assert [segment.recipient for segment in upstream.out] == ["447700900002"]
    while await state_of(demo_store, 1) is State.SENDING:  # it settles by itself
        await asyncio.sleep(0.001)
    assert await state_of(demo_store, 1) is State.QUEUED


async def test_what_waits_for_the_window_is_let_go(demo_store: Store, clock: FakeClock) -> None:
    upstream = FakeUpstream(window=1)
    sender = a_sender(demo_store, upstream, clock)
    for number in (1, 2):
        await accept(demo_store, a_message(number))
    await sender.step()
    assert len(upstream.out) == 1
    sender.release_opted_out({("74700", "447700900001")})
    upstream.accept_all()
    await sender.outcomes.record()
    assert upstream.out == []
    assert await state_of(demo_store, 1) is State.SENT
    assert await state_of(demo_store, 2) is State.QUEUED
