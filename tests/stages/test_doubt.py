"""Doubt is not refusal: what was submitted and not answered may have been taken, whatever comes after it."""

from __future__ import annotations

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.stages.sending.sender import Sender
from aldis.stages.sending.upstream import (
    Accepted,
    Deferred,
    InDoubt,
    LinkTrouble,
    Outbound,
    Outcome,
    Rejected,
)
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import State
from tests.backends import own_maintenance
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_sender import LONG, a_sender, state_of
from tests.store.building import a_message, accept, money

DOUBT = InDoubt("response overdue", 30.0)
PRICE = 50_000


@pytest.fixture
def upstream() -> FakeUpstream:
    return FakeUpstream()


async def attempt(
    sender: Sender, upstream: FakeUpstream, clock: FakeClock, outcome: Outcome
) -> list[Outbound]:
    """Have one attempt end so; returns what was submitted."""
    clock.advance(400)
    sender.wake()
    await sender.step()
    submitted = list(upstream.out)
    for _ in submitted:
        upstream.answer(outcome)
    await sender.outcomes.record()
    return submitted


async def reported(store: Store, name: str, state: ReceiptState = ReceiptState.DELIVERED) -> int:
    """Have the carrier report; returns how many receipts found nothing."""
    return (await store.receipts.record([Receipt("link", name, state, "", "447700900001", 9)])).early


@pytest.mark.parametrize(
    ("outcomes", "state", "spent"),
    [
        ([DOUBT], State.QUEUED, 0),
        ([DOUBT, DOUBT], State.QUEUED, 0),
        ([DOUBT, DOUBT, DOUBT], State.UNCONFIRMED, PRICE),
        ([DOUBT, Accepted("B")], State.SENT, PRICE),
        ([DOUBT, Rejected("ESME_RINVDSTADR")], State.UNCONFIRMED, PRICE),
        ([DOUBT, Deferred("ESME_RTHROTTLED"), Deferred("ESME_RTHROTTLED")], State.UNCONFIRMED, PRICE),
        ([DOUBT, LinkTrouble("ESME_RINVBNDSTS"), Rejected("ESME_RX_P_APPN")], State.UNCONFIRMED, PRICE),
        ([Deferred("ESME_RTHROTTLED"), DOUBT, DOUBT], State.UNCONFIRMED, PRICE),
        ([Rejected("ESME_RINVDSTADR")], State.REJECTED, 0),
        ([Deferred("ESME_RMSGQFUL")] * 3, State.FAILED, 0),
    ],
)
async def test_how_a_message_ends_and_what_it_costs(
    demo_store: Store,
    upstream: FakeUpstream,
    clock: FakeClock,
    outcomes: list[Outcome],
    state: State,
    spent: int,
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    for outcome in outcomes:
        assert len(await attempt(sender, upstream, clock, outcome)) == 1
    assert await state_of(demo_store, 1) is state
    _, held, found = await money(demo_store)
    assert (held, found) == (PRICE if state is State.QUEUED else 0, spent)
    if state is not State.QUEUED:
        assert await attempt(sender, upstream, clock, DOUBT) == []


async def test_a_validity_that_ends_while_it_waits_to_be_repeated_ends_in_doubt(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    for number, link in ((1, "link"), (2, "another")):
        until = clock.now() + 500_000
        await accept(demo_store, a_message(number, link=link, expires_at=until, review_at=clock.now()))
    sender = a_sender(demo_store, upstream, clock)
    assert len(await attempt(sender, upstream, clock, DOUBT)) == 1
    for _ in range(3):
        await demo_store.maintenance.expire(await own_maintenance(demo_store), 10, clock.now(), 1)
        clock.advance(120)
    states = [await state_of(demo_store, number) for number in (1, 2)]
    assert states == [State.UNCONFIRMED, State.EXPIRED]
    assert (await money(demo_store))[1:] == (0, PRICE)


async def test_what_is_in_doubt_cannot_be_called_back(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    await attempt(sender, upstream, clock, DOUBT)
    entry = AuditEntry(clock.now(), "me", "api", "cancel message", "1")
    assert not await demo_store.actions.cancel(1, "link", entry)
    assert await state_of(demo_store, 1) is State.QUEUED


async def test_a_late_answer_ends_the_repetitions(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    (first,) = await attempt(sender, upstream, clock, DOUBT)
    upstream.answer_late(first, "A")
    await sender.outcomes.record()
    sender.wake()
    await sender.step()
    await sender.outcomes.record()
    assert upstream.out == []
    assert await state_of(demo_store, 1) is State.SENT
    assert await reported(demo_store, "A") == 0
    assert await state_of(demo_store, 1) is State.DELIVERED
    assert (await money(demo_store))[1:] == (0, PRICE)


@pytest.mark.parametrize("when", ["parked", "between", "after"])
async def test_a_receipt_counts_whenever_it_comes(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock, when: str
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    (first,) = await attempt(sender, upstream, clock, DOUBT)
    if when == "parked":
        assert await reported(demo_store, "A") == 1
    upstream.answer_late(first, "A")
    await sender.outcomes.record()
    if when == "between":
        assert await reported(demo_store, "A") == 0
    sender.wake()
    await sender.step()
    await sender.outcomes.record()
    if when == "after":
        assert await reported(demo_store, "A") == 0
    assert await state_of(demo_store, 1) is State.DELIVERED


@pytest.mark.parametrize(
    "second",
    [DOUBT, Rejected("ESME_RINVDSTADR"), Accepted("B"), Deferred("ESME_RTHROTTLED"), InDoubt("down")],
)
@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("segments", [1, 3])
async def test_what_was_delivered_is_so_however_its_repetition_ends(
    demo_store: Store,
    upstream: FakeUpstream,
    clock: FakeClock,
    second: Outcome,
    segments: int,
    hold: bool,  # noqa: FBT001 - a table's column
) -> None:
    await accept(demo_store, a_message(1, octets=LONG[: segments * 133], segments=segments))
    first_sender = a_sender(demo_store, upstream, clock)
    first = await attempt(first_sender, upstream, clock, DOUBT)
    assert len(first) == segments
    clock.advance(400)
    first_sender.stop()
    sender = a_sender(demo_store, upstream, clock, hold=hold)
    sender.wake()
    await sender.step()
    for number, segment in enumerate(first):  # while it is out for the second time
        upstream.answer_late(segment, f"A{number}")
    await sender.outcomes.record()
    for number in range(segments):
        assert await reported(demo_store, f"A{number}") == 0
    for _ in range(segments):
        upstream.answer(second)
    await sender.outcomes.record()
    for _ in range(3):
        await attempt(sender, upstream, clock, DOUBT)
    assert await state_of(demo_store, 1) is State.DELIVERED
    assert await reported(demo_store, "B", ReceiptState.UNDELIVERED) == (not isinstance(second, Accepted))
    assert await state_of(demo_store, 1) is State.DELIVERED
    assert (await money(demo_store))[1:] == (0, segments * PRICE)


@pytest.mark.parametrize("name", ["A", "B"])
async def test_both_names_of_a_message_that_went_twice_are_its_names(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock, name: str
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    (first,) = await attempt(sender, upstream, clock, DOUBT)
    clock.advance(400)
    sender.wake()
    await sender.step()
    upstream.answer_late(first, "A")  # while it is out for the second time
    await sender.outcomes.record()
    upstream.answer(Accepted("B"))
    await sender.outcomes.record()
    assert await reported(demo_store, name) == 0
    assert await state_of(demo_store, 1) is State.DELIVERED
    assert (await money(demo_store))[1:] == (0, PRICE)


async def test_the_receipt_of_what_ended_in_doubt_still_counts(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    for _ in range(3):
        (last,) = await attempt(sender, upstream, clock, DOUBT)
    assert await state_of(demo_store, 1) is State.UNCONFIRMED
    upstream.answer_late(last, "C")
    await sender.outcomes.record()
    assert await state_of(demo_store, 1) is State.UNCONFIRMED
    assert await reported(demo_store, "C") == 0
    assert await state_of(demo_store, 1) is State.DELIVERED


async def test_the_segments_of_a_long_message_are_named_late_one_by_one(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1, octets=LONG, segments=3))
    sender = a_sender(demo_store, upstream, clock)
    first, second, third = await attempt(sender, upstream, clock, DOUBT)
    upstream.answer_late(first, "A")
    upstream.answer_late(third, "C")
    await sender.outcomes.record()
    again = await attempt(sender, upstream, clock, Accepted("B"))
    assert [segment.number for segment in again] == [second.number]
    for name in "ABC":
        assert await reported(demo_store, name) == 0
    assert await state_of(demo_store, 1) is State.DELIVERED


async def test_a_late_answer_about_a_message_that_is_forgotten_changes_nothing(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    for _ in range(3):
        (last,) = await attempt(sender, upstream, clock, DOUBT)
    await demo_store.maintenance.purge(10, clock.now() + 1, 0)
    upstream.answer_late(last, "A")
    await sender.outcomes.record()
    assert sender.is_drained
    assert await reported(demo_store, "A") == 1


async def test_a_late_answer_without_an_id_ends_the_repetitions_too(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    (first,) = await attempt(sender, upstream, clock, DOUBT)
    upstream.answer_late(first, "")
    await sender.outcomes.record()
    assert await attempt(sender, upstream, clock, DOUBT) == []
    await sender.outcomes.record()
    assert await state_of(demo_store, 1) is State.SENT


async def test_a_late_answer_counts_when_the_message_has_moved_to_another_link(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1, backups='["other"]'))
    sender = a_sender(demo_store, upstream, clock)
    (first,) = await attempt(sender, upstream, clock, DOUBT)
    clock.advance(400)
    lease = await own_maintenance(demo_store)
    assert await demo_store.maintenance.fail_over(lease, "link", ["other"], 10, clock.now()) == 1
    other = FakeUpstream()
    other.name = "other"
    second = a_sender(demo_store, other, clock)
    upstream.answer_late(first, "A")
    await sender.outcomes.record()
    assert await attempt(second, other, clock, Accepted("B")) == []
    await second.outcomes.record()
    assert await reported(demo_store, "A") == 0
    assert await state_of(demo_store, 1) is State.DELIVERED


async def test_what_was_held_is_improved_by_a_late_answer_and_its_receipt(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock, hold=True)
    (first,) = await attempt(sender, upstream, clock, DOUBT)
    assert await state_of(demo_store, 1) is State.UNCONFIRMED
    upstream.answer_late(first, "A")
    await sender.outcomes.record()
    assert await reported(demo_store, "A") == 0
    assert await state_of(demo_store, 1) is State.DELIVERED
    assert (await money(demo_store))[1:] == (0, PRICE)


async def test_who_opts_out_gets_no_repetition_and_what_was_submitted_is_paid_for(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    (first,) = await attempt(sender, upstream, clock, DOUBT)
    out = ConsentKind.OPT_OUT
    change = ConsentChange("74700", "", first.recipient, out, ConsentSource.HANDSET, "STOP", clock.now())
    await demo_store.consent.change([change])
    await demo_store.maintenance.cancel_opted_out(await own_maintenance(demo_store), 10, clock.now())
    assert await state_of(demo_store, 1) is State.UNCONFIRMED
    assert (await money(demo_store))[1:] == (0, PRICE)


async def test_a_repetition_that_is_throttled_after_a_late_answer_is_not_made_again(
    demo_store: Store, upstream: FakeUpstream, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    sender = a_sender(demo_store, upstream, clock)
    (first,) = await attempt(sender, upstream, clock, DOUBT)
    clock.advance(400)
    sender.wake()
    await sender.step()
    upstream.answer_late(first, "A")
    await sender.outcomes.record()
    upstream.answer(Deferred("ESME_RTHROTTLED"))
    await sender.outcomes.record()
    assert await attempt(sender, upstream, clock, DOUBT) == []
    await sender.outcomes.record()
    assert await state_of(demo_store, 1) is State.SENT
