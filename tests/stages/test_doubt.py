"""Doubt is not refusal: what was submitted and not answered may have been taken, whatever comes after it."""

from __future__ import annotations

import pytest

from aldis.accounts.staff import AuditEntry
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


class Trial:
    """A sender before a carrier."""

    def __init__(self, store: Store, clock: FakeClock, *, link: str = "link", hold: bool = False) -> None:
        self.store, self.clock = store, clock
        self.upstream = FakeUpstream()
        self.upstream.name = link
        self.sender = a_sender(store, self.upstream, clock, hold=hold)

    async def step(self) -> list[Outbound]:
        """Have submitted what is due; returns what is out."""
        self.sender.wake()
        await self.sender.step()
        await self.sender.outcomes.record()
        return list(self.upstream.out)

    async def submit(self) -> list[Outbound]:
        """Let every wait pass, and have submitted what is due then."""
        self.clock.advance(400)
        return await self.step()

    async def attempt(self, outcome: Outcome) -> list[Outbound]:
        """Have one attempt end so; returns what was submitted."""
        submitted = await self.submit()
        await self.answer(outcome)
        return submitted

    async def answer(self, outcome: Outcome) -> None:
        """Answer all that is out."""
        for _ in range(len(self.upstream.out)):
            self.upstream.answer(outcome)
        await self.sender.outcomes.record()

    async def answer_late(self, segment: Outbound, name: str) -> None:
        """Answer what was given up."""
        self.upstream.answer_late(segment, name)
        await self.sender.outcomes.record()

    async def reported(self, name: str, state: ReceiptState = ReceiptState.DELIVERED) -> int:
        """Have the carrier report; returns how many receipts found nothing."""
        receipt = Receipt("link", name, state, "", "447700900001", 9)
        return (await self.store.receipts.record([receipt])).early

    async def state(self) -> State:
        """Tell where the message stands."""
        return await state_of(self.store, 1)

    async def money(self) -> tuple[int, int]:
        """Tell what is held and spent."""
        return (await money(self.store))[1:]


@pytest.fixture
async def trial(demo_store: Store, clock: FakeClock) -> Trial:
    """Give one with a message to send."""
    await accept(demo_store, a_message(1))
    return Trial(demo_store, clock)


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
    trial: Trial,
    outcomes: list[Outcome],
    state: State,
    spent: int,
) -> None:
    for outcome in outcomes:
        assert len(await trial.attempt(outcome)) == 1
    assert await trial.state() is state
    assert await trial.money() == (PRICE if state is State.QUEUED else 0, spent)
    if state is not State.QUEUED:
        assert await trial.attempt(DOUBT) == []


async def test_a_validity_that_ends_while_it_waits_to_be_repeated_ends_in_doubt(
    demo_store: Store, clock: FakeClock
) -> None:
    for number, link in ((1, "link"), (2, "another")):
        until = clock.now() + 500_000
        await accept(demo_store, a_message(number, link=link, expires_at=until, review_at=clock.now()))
    trial = Trial(demo_store, clock)
    assert len(await trial.attempt(DOUBT)) == 1
    for _ in range(3):
        await demo_store.maintenance.expire(await own_maintenance(demo_store), 10, clock.now(), 1)
        clock.advance(120)
    states = [await state_of(demo_store, number) for number in (1, 2)]
    assert states == [State.UNCONFIRMED, State.EXPIRED]
    assert await trial.money() == (0, PRICE)


async def test_what_is_in_doubt_cannot_be_called_back(trial: Trial) -> None:
    await trial.attempt(DOUBT)
    entry = AuditEntry(trial.clock.now(), "me", "api", "cancel message", "1")
    assert not await trial.store.actions.cancel(1, "link", entry)
    assert await trial.state() is State.QUEUED


async def test_a_late_answer_ends_the_repetitions(trial: Trial) -> None:
    (first,) = await trial.attempt(DOUBT)
    await trial.answer_late(first, "A")
    assert await trial.step() == []
    assert await trial.state() is State.SENT
    assert await trial.reported("A") == 0
    assert await trial.state() is State.DELIVERED
    assert await trial.money() == (0, PRICE)


@pytest.mark.parametrize("when", ["parked", "between", "after"])
async def test_a_receipt_counts_whenever_it_comes(trial: Trial, when: str) -> None:
    (first,) = await trial.attempt(DOUBT)
    if when == "parked":
        assert await trial.reported("A") == 1
    await trial.answer_late(first, "A")
    if when == "between":
        assert await trial.reported("A") == 0
    await trial.step()
    if when == "after":
        assert await trial.reported("A") == 0
    assert await trial.state() is State.DELIVERED


@pytest.mark.parametrize(
    "second",
    [DOUBT, Rejected("ESME_RINVDSTADR"), Accepted("B"), Deferred("ESME_RTHROTTLED"), InDoubt("down")],
)
@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("segments", [1, 3])
async def test_what_was_delivered_is_so_however_its_repetition_ends(
    demo_store: Store,
    clock: FakeClock,
    second: Outcome,
    segments: int,
    hold: bool,  # noqa: FBT001 - a table's column
) -> None:
    await accept(demo_store, a_message(1, octets=LONG[: segments * 133], segments=segments))
    before = Trial(demo_store, clock)
    first = await before.attempt(DOUBT)
    assert len(first) == segments
    before.sender.stop()
    trial = Trial(demo_store, clock, hold=hold)
    await trial.submit()
    for number, segment in enumerate(first):  # while it is out for the second time
        await trial.answer_late(segment, f"A{number}")
    for number in range(segments):
        assert await trial.reported(f"A{number}") == 0
    await trial.answer(second)
    for _ in range(3):
        await trial.attempt(DOUBT)
    assert await trial.state() is State.DELIVERED
    is_repeated = isinstance(second, Accepted) and not hold  # a link that has come to hold repeats nothing
    assert await trial.reported("B", ReceiptState.UNDELIVERED) == (not is_repeated)
    assert await trial.state() is State.DELIVERED
    assert await trial.money() == (0, segments * PRICE)


@pytest.mark.parametrize("name", ["A", "B"])
async def test_both_names_of_a_message_that_went_twice_are_its_names(trial: Trial, name: str) -> None:
    (first,) = await trial.attempt(DOUBT)
    await trial.submit()
    await trial.answer_late(first, "A")  # while it is out for the second time
    await trial.answer(Accepted("B"))
    assert await trial.reported(name) == 0
    assert await trial.state() is State.DELIVERED
    assert await trial.money() == (0, PRICE)


@pytest.mark.parametrize("names", ["AB", "BA"])
@pytest.mark.parametrize("last", [ReceiptState.DELIVERED, ReceiptState.EXPIRED])
@pytest.mark.parametrize("together", [True, False])
async def test_the_refusal_of_one_attempt_leaves_the_other(
    trial: Trial,
    names: str,
    last: ReceiptState,
    together: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Carriers that filter duplicates report the second as rejected, mostly before the first is delivered."""
    (first,) = await trial.attempt(DOUBT)
    await trial.submit()
    await trial.answer_late(first, "A")
    await trial.answer(Accepted("B"))
    receipts = [
        Receipt("link", name, state, "", "447700900001", 9)
        for name, state in zip(names, (ReceiptState.REJECTED, last), strict=True)
    ]
    for batch in [receipts] if together else [[receipt] for receipt in receipts]:
        assert await trial.state() is State.SENT
        assert (await trial.store.receipts.record(batch)).early == 0
    assert await trial.state() is State(last.value)
    assert await trial.money() == (0, PRICE)


async def test_the_receipt_of_what_ended_in_doubt_still_counts(trial: Trial) -> None:
    for _ in range(3):
        (last,) = await trial.attempt(DOUBT)
    assert await trial.state() is State.UNCONFIRMED
    await trial.answer_late(last, "C")
    assert await trial.state() is State.UNCONFIRMED
    assert await trial.reported("C") == 0
    assert await trial.state() is State.DELIVERED


async def test_the_segments_of_a_long_message_are_named_late_one_by_one(
    demo_store: Store, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1, octets=LONG, segments=3))
    trial = Trial(demo_store, clock)
    first, second, third = await trial.attempt(DOUBT)
    await trial.answer_late(first, "A")
    await trial.answer_late(third, "C")
    again = await trial.attempt(Accepted("B"))
    assert [segment.number for segment in again] == [second.number]
    for name in "ABC":
        assert await trial.reported(name) == 0
    assert await trial.state() is State.DELIVERED


async def test_a_late_answer_about_a_message_that_is_forgotten_changes_nothing(trial: Trial) -> None:
    for _ in range(3):
        (last,) = await trial.attempt(DOUBT)
    await trial.store.maintenance.purge(10, trial.clock.now() + 1, 0)
    await trial.answer_late(last, "A")
    assert trial.sender.is_drained
    assert await trial.reported("A") == 1


async def test_a_late_answer_without_an_id_ends_the_repetitions_too(trial: Trial) -> None:
    (first,) = await trial.attempt(DOUBT)
    await trial.answer_late(first, "")
    assert await trial.attempt(DOUBT) == []
    assert await trial.state() is State.SENT


async def test_a_late_answer_counts_when_the_message_has_moved_to_another_link(
    demo_store: Store, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1, backups='["other"]'))
    trial = Trial(demo_store, clock)
    (first,) = await trial.attempt(DOUBT)
    clock.advance(400)
    lease = await own_maintenance(demo_store)
    assert await demo_store.maintenance.fail_over(lease, "link", ["other"], 10, clock.now()) == 1
    other = Trial(demo_store, clock, link="other")
    await trial.answer_late(first, "A")
    assert await other.attempt(Accepted("B")) == []
    assert await trial.reported("A") == 0
    assert await trial.state() is State.DELIVERED


async def test_what_was_held_is_improved_by_a_late_answer_and_its_receipt(
    demo_store: Store, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1))
    trial = Trial(demo_store, clock, hold=True)
    (first,) = await trial.attempt(DOUBT)
    assert await trial.state() is State.UNCONFIRMED
    await trial.answer_late(first, "A")
    assert await trial.reported("A") == 0
    assert await trial.state() is State.DELIVERED
    assert await trial.money() == (0, PRICE)


async def test_who_opts_out_gets_no_repetition_and_what_was_submitted_is_paid_for(trial: Trial) -> None:
    (first,) = await trial.attempt(DOUBT)
    out = ConsentKind.OPT_OUT
    change = ConsentChange(
        "74700", "", first.recipient, out, ConsentSource.HANDSET, "STOP", trial.clock.now()
    )
    await trial.store.consent.change([change])
    await trial.store.maintenance.cancel_opted_out(await own_maintenance(trial.store), 10, trial.clock.now())
    assert await trial.state() is State.UNCONFIRMED
    assert await trial.money() == (0, PRICE)


async def test_a_repetition_that_is_throttled_after_a_late_answer_is_not_made_again(trial: Trial) -> None:
    (first,) = await trial.attempt(DOUBT)
    await trial.submit()
    await trial.answer_late(first, "A")
    await trial.answer(Deferred("ESME_RTHROTTLED"))
    assert await trial.attempt(DOUBT) == []
    assert await trial.state() is State.SENT
