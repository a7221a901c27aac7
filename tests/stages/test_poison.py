"""One bad row harms nobody else: it is tried three times, then set aside, visible, and can be tried again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import apsw
import pytest

from aldis.accounts.staff import AuditEntry
from aldis.stages.sending.sender import Sender
from aldis.stages.sending.shares import share
from aldis.stages.sending.upstream import InDoubt, Outbound
from aldis.store.contract.maintenance import Purged
from aldis.store.contract.search import MessageFilter
from aldis.store.contract.store import Store
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.traffic.content import MMS
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.states import Event, State
from tests.backends import held, open_store, own, own_maintenance
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_sender import a_sender, state_of
from tests.store.building import a_message, accept
from tests.store.test_inbound import an_inbound, heard

POISON, GOOD = 2, (1, 3, 4)


class Refusing(FakeUpstream):
    """An upstream that meets a fault of its own with one message."""

    def submit(self, segment: Outbound) -> None:
        if segment.message_id == POISON:
            raise RuntimeError("cannot say this")
        super().submit(segment)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aldis.stages.sending.outcomes.PAUSE_S", 0.0)


@pytest.fixture
def spoiling(tmp_path: Path, demo_store: Store) -> Iterator[apsw.Connection]:
    assert demo_store is not None
    database = apsw.Connection(str(tmp_path / "demo" / "aldis.db"))
    database.set_busy_timeout(5_000)
    yield database
    database.close()


REFUSES_UPDATES = f"""CREATE TRIGGER no BEFORE UPDATE OF state ON message WHEN old.message_id = {POISON}
BEGIN SELECT RAISE(ABORT, 'no'); END"""
REFUSES_SEGMENTS = f"""CREATE TRIGGER no BEFORE INSERT ON segment WHEN new.message_id = {POISON}
BEGIN SELECT RAISE(ABORT, 'no'); END"""
REFUSES_ALL = REFUSES_UPDATES.replace("UPDATE OF state", "UPDATE")

#: what is done to the row, and whether its message is submitted
SPOILT: dict[str, tuple[str, bool]] = {
    "coding": (f"UPDATE message SET coding = 2147483647 WHERE message_id = {POISON}", False),
    "parts": (f"UPDATE message SET coding = {MMS}, parts = '[broken' WHERE message_id = {POISON}", False),
    "no parts": (f"UPDATE message SET coding = {MMS}, parts = '' WHERE message_id = {POISON}", False),
    "outcome": (REFUSES_SEGMENTS, True),
    "state": (REFUSES_UPDATES, True),
    "row": (REFUSES_ALL, True),
}


async def settle(sender: Sender, upstream: FakeUpstream, clock: FakeClock) -> int:
    """Let the sender work until nothing more can be done; returns how often the poison was submitted."""
    submitted = 0
    for _ in range(8):
        sender.wake()
        await sender.step()
        submitted += sum(segment.message_id == POISON for segment in upstream.out)
        upstream.accept_all()
        while not sender.outcomes.is_drained:
            await asyncio.sleep(0.001)
        clock.advance(10)
    return submitted


async def aside(store: Store) -> list[tuple[int, str, int]]:
    return [(each.message_id, each.link, each.faults) for each in await store.actions.poison(10)]


async def filled(store: Store) -> None:
    for number in sorted((POISON, *GOOD)):
        await accept(store, a_message(number))


@pytest.mark.parametrize("hold", [False, True], ids=["resend", "hold"])
@pytest.mark.parametrize("kind", SPOILT)
async def test_a_bad_row_is_set_aside_and_its_neighbours_go(
    demo_store: Store, clock: FakeClock, spoiling: apsw.Connection, kind: str, *, hold: bool
) -> None:
    await filled(demo_store)
    statement, is_submitted = SPOILT[kind]
    spoiling.execute(statement)
    is_marked = hold and kind == "outcome"  # others refuse to be marked, or are given back
    upstream = FakeUpstream()
    sender = a_sender(demo_store, upstream, clock, hold=hold)
    assert await settle(sender, upstream, clock) == int(is_marked if hold else is_submitted)
    assert [await state_of(demo_store, number) for number in GOOD] == [State.SENT] * 3
    assert await state_of(demo_store, POISON) is (State.SENDING if is_marked else State.QUEUED)
    assert await aside(demo_store) == [(POISON, "link", 3)]
    assert sender.is_drained
    await accept(demo_store, a_message(9))  # and the link goes on
    await settle(sender, upstream, clock)
    assert await state_of(demo_store, 9) is State.SENT


async def test_a_message_that_its_link_cannot_say_is_set_aside(demo_store: Store, clock: FakeClock) -> None:
    await filled(demo_store)
    upstream = Refusing()
    sender = a_sender(demo_store, upstream, clock)
    await settle(sender, upstream, clock)
    assert [await state_of(demo_store, number) for number in GOOD] == [State.SENT] * 3
    assert await aside(demo_store) == [(POISON, "link", 3)]


async def test_it_stays_aside_after_a_crash_until_it_is_tried_again(
    demo_store: Store, clock: FakeClock, spoiling: apsw.Connection
) -> None:
    await filled(demo_store)
    spoiling.execute(SPOILT["coding"][0])
    upstream = FakeUpstream()
    await settle(a_sender(demo_store, upstream, clock), upstream, clock)
    demo_store.sending.release(await own(demo_store), [])
    later = a_sender(demo_store, FakeUpstream(), clock)
    await later.own()
    assert await settle(later, upstream, clock) == 0
    spoiling.execute(f"UPDATE message SET coding = 0 WHERE message_id = {POISON}")
    entry = AuditEntry(clock.now(), "me", "api", "try again", str(POISON))
    assert await demo_store.actions.try_again(POISON, "link", entry)
    assert not await demo_store.actions.try_again(POISON, "link", entry)
    assert not await demo_store.actions.try_again(GOOD[0], "link", entry)
    upstream = FakeUpstream()
    assert await settle(a_sender(demo_store, upstream, clock), upstream, clock) == 1
    assert await state_of(demo_store, POISON) is State.SENT
    assert await aside(demo_store) == []


@pytest.mark.parametrize(("kind", "state"), [("coding", State.EXPIRED), ("outcome", State.UNCONFIRMED)])
async def test_its_validity_ends_it_and_what_was_submitted_is_in_doubt(
    demo_store: Store, clock: FakeClock, spoiling: apsw.Connection, kind: str, state: State
) -> None:
    await filled(demo_store)
    spoiling.execute(SPOILT[kind][0])
    upstream = FakeUpstream()
    await settle(a_sender(demo_store, upstream, clock), upstream, clock)
    clock.advance(200_000)
    for _ in range(2):
        await demo_store.maintenance.expire(await own_maintenance(demo_store), 10, clock.now(), 10**9)
    assert await state_of(demo_store, POISON) is state
    assert await aside(demo_store) == []


async def test_a_journalled_outcome_that_the_store_refuses_keeps_no_link_from_its_start(
    demo_folder: Path, tmp_path: Path, clock: FakeClock
) -> None:
    folder = Path(shutil.copytree(demo_folder, tmp_path / "demo"))

    async def with_store(act: Callable[[Store], Awaitable[None]]) -> None:
        """Do something as a process of its own."""
        store = open_store(folder, clock, OutcomeJournal(tmp_path))
        await act(store)
        await store.close()

    async def die_with_what_was_heard(store: Store) -> None:
        await filled(store)
        sender = a_sender(store, FakeUpstream(), clock)
        lease = await held(sender)
        for number in (POISON, *GOOD):
            taken = (SubmittedSegment(1, f"A{number}"),)
            assert store.sending.journal(
                lease, [AttemptResult(number, Event.SUBMIT_ACCEPTED, taken)], clock.now()
            )
        database = apsw.Connection(str(folder / "aldis.db"))
        database.execute(REFUSES_SEGMENTS)
        database.close()

    async def start(store: Store) -> None:
        upstream = FakeUpstream()
        sender = a_sender(store, upstream, clock)
        await sender.own()
        assert [await state_of(store, number) for number in GOOD] == [State.SENT] * 3
        assert await aside(store) == [(POISON, "link", 3)]
        assert await settle(sender, upstream, clock) == 0

    await with_store(die_with_what_was_heard)
    for _ in range(2):
        await with_store(start)


async def test_two_faults_are_no_three(demo_store: Store, clock: FakeClock) -> None:
    await filled(demo_store)
    upstream = Refusing()
    sender = a_sender(demo_store, upstream, clock)
    for _ in range(2):
        sender.wake()
        await sender.step()
        upstream.accept_all()
        while not sender.outcomes.is_drained:
            await asyncio.sleep(0.001)
        clock.advance(10)
    assert await aside(demo_store) == []
    whole = FakeUpstream()
    assert await settle(a_sender(demo_store, whole, clock), whole, clock) == 1
    assert await state_of(demo_store, POISON) is State.SENT


@pytest.mark.parametrize("refuses", [REFUSES_UPDATES, REFUSES_ALL], ids=["its ending", "everything"])
async def test_a_row_that_refuses_its_ending_keeps_no_others_from_theirs(
    demo_store: Store, clock: FakeClock, spoiling: apsw.Connection, refuses: str
) -> None:
    for number in sorted((POISON, *GOOD)):
        await accept(demo_store, a_message(number, expires_at=clock.now() + 1, review_at=clock.now()))
    spoiling.execute(refuses)
    clock.advance(10)
    lease = await own_maintenance(demo_store)
    assert await demo_store.maintenance.expire(lease, 10, clock.now(), 1) == len(GOOD)
    assert [await state_of(demo_store, number) for number in GOOD] == [State.EXPIRED] * 3
    assert await aside(demo_store) == [(POISON, "link", 3)]
    spoiling.execute("DROP TRIGGER no")
    clock.advance(3_601)
    assert await demo_store.maintenance.expire(lease, 10, clock.now(), 1) == 1
    assert await state_of(demo_store, POISON) is State.EXPIRED


@pytest.mark.parametrize("hold", [True, False])
async def test_a_marked_row_that_refuses_to_change_keeps_no_link_from_its_start(
    demo_store: Store, clock: FakeClock, spoiling: apsw.Connection, *, hold: bool
) -> None:
    await filled(demo_store)
    sender = a_sender(demo_store, FakeUpstream(), clock, hold=True)
    await demo_store.sending.claim(await own(demo_store), 10, share, clock.now())
    await demo_store.sending.mark(await held(sender), [POISON, *GOOD])
    spoiling.execute(REFUSES_UPDATES)
    await a_sender(demo_store, FakeUpstream(), clock, hold=hold).own()
    assert [await state_of(demo_store, number) for number in GOOD] == [State.UNCONFIRMED] * 3
    assert await aside(demo_store) == [(POISON, "link", 3)]


async def test_a_late_answer_that_the_store_refuses_costs_no_other(
    demo_store: Store, clock: FakeClock, spoiling: apsw.Connection
) -> None:
    await filled(demo_store)
    upstream = FakeUpstream()
    sender = a_sender(demo_store, upstream, clock)
    await sender.step()
    submitted = list(upstream.out)
    for _ in submitted:
        upstream.answer(InDoubt("response overdue", 30.0))
    await sender.outcomes.record()
    spoiling.execute(REFUSES_SEGMENTS)
    for segment in submitted:
        upstream.answer_late(segment, f"A{segment.message_id}")
    await sender.outcomes.record()
    sender.wake()
    await sender.step()
    await sender.outcomes.record()
    assert [await state_of(demo_store, number) for number in GOOD] == [State.SENT] * 3
    assert await state_of(demo_store, POISON) is State.QUEUED  # as it was


async def test_a_row_that_refuses_to_be_forgotten_keeps_no_others_from_it(
    demo_store: Store, clock: FakeClock, spoiling: apsw.Connection
) -> None:
    for number in sorted((POISON, *GOOD)):
        await accept(demo_store, a_message(number, expires_at=clock.now() + 1, review_at=clock.now()))
        await demo_store.inbound.record(heard(an_inbound(100 + number, lane="")))
    clock.advance(10)
    await demo_store.maintenance.expire(await own_maintenance(demo_store), 10, clock.now(), 1)
    for table, key, poison in (("message", "message_id", POISON), ("inbound", "inbound_id", 100 + POISON)):
        spoiling.execute(f"""CREATE TRIGGER no_{table} BEFORE DELETE ON {table} WHEN old.{key} = {poison}
                         BEGIN SELECT RAISE(ABORT, 'no'); END""")
    assert await demo_store.maintenance.purge(10, clock.now(), 0) == Purged(len(GOOD), after=0)
    assert await demo_store.maintenance.purge_inbound(10, clock.now()) == len(GOOD)
    assert await demo_store.maintenance.purge_inbound(10, clock.now()) == 0
    left = await demo_store.search.messages(MessageFilter(), 0, 10)
    assert [each.message.message_id for each in left.found] == [POISON]


async def test_a_message_that_has_ended_before_it_is_marked_keeps_no_others_from_it(
    demo_store: Store, clock: FakeClock, spoiling: apsw.Connection
) -> None:
    upstream = FakeUpstream()
    sender = a_sender(demo_store, upstream, clock, hold=True)
    await sender.step()
    await filled(demo_store)  # which is remembered as waiting, since all was read before
    spoiling.execute(
        "UPDATE message SET state = 'failed', ended_at = ?, review_at = NULL WHERE message_id = ?",
        (clock.now(), POISON),
    )
    assert await settle(sender, upstream, clock) == 0
    assert [await state_of(demo_store, number) for number in GOOD] == [State.SENT] * 3
    assert await aside(demo_store) == []
