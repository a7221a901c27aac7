"""Two gateways on one database that each have some of a link's slots."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from aldis.accounts.staff import AuditEntry
from aldis.errors import LeaseLost
from aldis.stages.sending.shares import share
from aldis.store.contract.ownership import MAINTENANCE, Lease, slot_of
from aldis.store.contract.store import Store
from aldis.store.memory.claims import REREAD_MS
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.store.postgresql.store import open_postgresql
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.message import AttemptResult, LateAnswer, SubmittedSegment
from aldis.traffic.slots import SLOTS
from aldis.traffic.states import Event, State
from tests.backends import apply, lapse, own_maintenance, take
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, a_message, accept, state_of
from tests.store.conftest import DIRECTORY

ALL = range(1, SLOTS + 1)
#: message 8 is in slot 0
OURS, THEIRS, NOBODYS = (0, 1, 2), (3, 4, 5), (6, 7)


class Pair(msgspec.Struct):
    """Both gateways, with what each has of the link."""

    ours: Store
    theirs: Store
    our_leases: tuple[Lease, ...] = ()
    their_leases: tuple[Lease, ...] = ()


async def some(store: Store, slots: Iterable[int], holder: str, link: str = "link") -> tuple[Lease, ...]:
    """Take some slots."""
    return tuple([await take(store, slot_of(link, slot), holder) for slot in slots])


@pytest.fixture
async def pair(database: str) -> AsyncIterator[Pair]:
    stores = [await open_postgresql(database, FakeClock(), name, uuid4()) for name in ("one", "two")]
    await apply(stores[0], DIRECTORY, NOW)
    pair = Pair(stores[0], stores[1])
    pair.our_leases = await some(pair.ours, OURS, "test")
    pair.their_leases = await some(pair.theirs, THEIRS, "b")
    yield pair
    for store in stores:
        await store.close()


async def claim(store: Store, leases: tuple[Lease, ...], now: int = NOW) -> list[int]:
    return sorted(each.message_id for each in await store.sending.claim(leases, 100, share, now))


def sent(*message_ids: int) -> list[AttemptResult]:
    return [
        AttemptResult(each, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, f"A{each}"),)) for each in message_ids
    ]


async def test_each_is_handed_what_is_in_its_slots_and_records_that_alone(pair: Pair) -> None:
    for number in ALL:
        await accept(pair.ours, a_message(number))
    assert await claim(pair.ours, pair.our_leases) == [1, 2, 8]
    assert await claim(pair.theirs, pair.their_leases) == [3, 4, 5]
    for foreign in (3, 6):
        with pytest.raises(LeaseLost):
            await pair.ours.sending.record(pair.our_leases, sent(foreign), NOW)
        with pytest.raises(LeaseLost):
            await pair.ours.sending.mark(pair.our_leases, [foreign])
    await pair.ours.sending.record(pair.our_leases, sent(1, 8), NOW)
    await pair.theirs.sending.record(pair.their_leases, sent(3), NOW)
    assert await pair.ours.metrics.count_by_state() == {"queued": 5, "sent": 3}


async def test_what_another_accepts_is_found_within_a_quarter_of_a_second(pair: Pair) -> None:
    assert await claim(pair.ours, pair.our_leases) == []
    assert await claim(pair.theirs, pair.their_leases) == []  # both have seen that nothing waits
    for number in ALL:
        await accept(pair.ours, a_message(number))
    assert await claim(pair.ours, pair.our_leases) == [1, 2, 8]
    assert await claim(pair.theirs, pair.their_leases, NOW + REREAD_MS) == [3, 4, 5]


async def test_a_write_does_not_hang_on_a_slot_that_is_given_back(pair: Pair) -> None:
    await accept(pair.ours, a_message(1))
    await pair.ours.ownership.give_back(pair.our_leases[0])
    await pair.ours.sending.record(pair.our_leases, sent(1), NOW)
    assert await state_of(pair.ours, 1) is State.SENT


async def test_a_slot_that_is_taken_over_is_recovered_alone(pair: Pair) -> None:
    for number in ALL:
        await accept(pair.ours, a_message(number))
    await pair.ours.sending.recover(pair.our_leases, hold=True, now=NOW)
    await pair.theirs.sending.recover(pair.their_leases, hold=True, now=NOW)
    await pair.ours.sending.mark(pair.our_leases, [1, 2])
    await pair.theirs.sending.mark(pair.their_leases, [3, 4])
    await lapse(pair.ours)
    (taken,) = await some(pair.theirs, [1], "b")
    assert await pair.theirs.sending.recover((taken,), hold=True, now=NOW) == 1
    states = [await state_of(pair.ours, number) for number in (1, 2, 3, 4)]
    assert states == [State.UNCONFIRMED, *[State.SENDING] * 3]


async def test_a_link_that_comes_to_hold_ends_what_is_in_doubt_in_each_slot(pair: Pair) -> None:
    for number in ALL:
        await accept(pair.ours, a_message(number))
    for store, leases in ((pair.ours, pair.our_leases), (pair.theirs, pair.their_leases)):
        await store.sending.recover(leases, hold=False, now=NOW)
    doubtful = [
        AttemptResult(each, Event.SUBMIT_DEFERRED, due_at=NOW, reason="no answer", in_doubt=True)
        for each in (1, 3)
    ]
    await pair.ours.sending.record(pair.our_leases, doubtful[:1], NOW)
    await pair.theirs.sending.record(pair.their_leases, doubtful[1:], NOW)
    assert await pair.ours.sending.recover(pair.our_leases, hold=True, now=NOW) == 1
    assert await state_of(pair.ours, 3) is State.QUEUED
    assert await pair.theirs.sending.recover(pair.their_leases, hold=True, now=NOW) == 1


async def test_a_late_answer_counts_whoever_has_the_slot_by_now(pair: Pair) -> None:
    await accept(pair.ours, a_message(3, due_at=NOW + 9))
    await pair.ours.sending.record_late("link", [LateAnswer(3, 1, "A3")], NOW)
    (found,) = await pair.theirs.sending.claim(pair.their_leases, 10, share, NOW)
    assert found.message_id == 3
    timeline = await pair.ours.search.message(3)
    assert timeline is not None
    assert [segment.smsc_message_id for segment in timeline.segments] == ["A3"]


# ── what is done to messages that wait: by whoever has their slot, or by anybody where nobody has ──

Act = Callable[[Store, Lease], Awaitable[object]]
LATER = NOW + 172_800_001
ENTRY = AuditEntry(NOW, "otto", "console", "cancel message", "")


async def opt_out(store: Store) -> None:
    change = ConsentChange(
        "74700", "", "447700900001", ConsentKind.OPT_OUT, ConsentSource.HANDSET, "STOP", NOW
    )
    await store.consent.change([change])


async def cancel_each(store: Store, _lease: Lease) -> None:
    for number in ALL:
        await store.actions.cancel(number, "link", ENTRY)


ACTS: dict[str, Act] = {
    "expire": lambda store, lease: store.maintenance.expire(lease, 100, LATER, 10**12),
    "fail over": lambda store, lease: store.maintenance.fail_over(lease, "link", ["b"], 100, NOW),
    "opted out": lambda store, lease: store.maintenance.cancel_opted_out(lease, 100, NOW),
    "operator": cancel_each,
}


async def touched(store: Store) -> set[int]:
    """Give the messages that have ended or left their link."""
    found = set()
    for number in ALL:
        told = await store.search.message(number)
        assert told is not None
        if (told.message.state, told.message.link) != (State.QUEUED, "link"):
            found.add(number)
    return found


@pytest.mark.parametrize("act", ACTS)
async def test_what_waits_is_ended_or_moved_by_who_has_its_slot_or_nobodys(pair: Pair, act: str) -> None:
    for number in ALL:
        await accept(pair.ours, a_message(number, backups='["b"]'))
    await opt_out(pair.ours)
    do = ACTS[act]
    await do(pair.theirs, pair.their_leases[0])
    assert await touched(pair.ours) == {3, 4, 5, 6, 7}
    await do(pair.ours, await own_maintenance(pair.ours))
    assert await touched(pair.ours) == {*ALL}


@pytest.mark.parametrize("act", ACTS)
async def test_what_is_in_hand_is_let_be(pair: Pair, act: str) -> None:
    for number in ALL:
        await accept(pair.ours, a_message(number, backups='["b"]'))
    await claim(pair.ours, pair.our_leases)
    await claim(pair.theirs, pair.their_leases)
    await opt_out(pair.ours)
    for store, lease in ((pair.ours, await own_maintenance(pair.ours)), (pair.theirs, pair.their_leases[0])):
        await ACTS[act](store, lease)
    assert await touched(pair.ours) == {6, 7}


@pytest.mark.parametrize("act", ACTS)
async def test_who_lets_its_lease_run_out_has_lost_what_another_has_touched(pair: Pair, act: str) -> None:
    for number in ALL:
        await accept(pair.ours, a_message(number, backups='["b"]'))
    assert await claim(pair.theirs, pair.their_leases) == [3, 4, 5]
    await opt_out(pair.ours)
    await lapse(pair.ours)
    await ACTS[act](pair.ours, await own_maintenance(pair.ours))
    assert await touched(pair.ours) == {*ALL}
    assert [await pair.theirs.ownership.renew(lease) for lease in pair.their_leases] == [None] * 3


async def test_only_maintenance_gives_up_on_receipts(pair: Pair) -> None:
    await accept(pair.ours, a_message(1))
    await pair.ours.sending.record(pair.our_leases, sent(1), NOW)
    assert await pair.ours.maintenance.expire(pair.our_leases[0], 10, NOW + 2, 1) == 0
    assert await pair.theirs.maintenance.expire(await own_maintenance(pair.theirs), 10, NOW + 2, 1) == 1


async def test_orphans_of_a_slot_that_another_has_are_let_be(pair: Pair) -> None:
    for number in (1, 3):
        await accept(pair.ours, a_message(number))
    await pair.ours.sending.mark(pair.our_leases, [1])
    await pair.theirs.sending.mark(pair.their_leases, [3])
    lease = await take(pair.theirs, MAINTENANCE, "c")
    assert await pair.theirs.sending.recover_orphans(lease, [], NOW) == 0
    await lapse(pair.ours)
    assert await pair.theirs.sending.recover_orphans(lease, [], NOW) == 2


# ── notes of a node that was lost ──


async def lost(database: str, folder: Path) -> OutcomeJournal:
    """Have a node note that message 1 was taken, and die."""
    journal = OutcomeJournal(folder)
    store = await open_postgresql(database, FakeClock(), "lost", uuid4(), journal)
    leases = await some(store, [1], "lost")
    assert await claim(store, leases) == [1]
    assert store.sending.journal(leases, sent(1), NOW)
    copied = Path(shutil.copytree(folder, folder.with_name("copy")))
    await store.close()
    return OutcomeJournal(copied)


@pytest.mark.parametrize("is_orphan", [False, True])
@pytest.mark.parametrize("others", ["nobody", "queued", "ended"])
async def test_notes_count_if_nobody_has_had_the_slot_since(
    database: str, tmp_path: Path, others: str, *, is_orphan: bool
) -> None:
    other = await open_postgresql(database, FakeClock(), "other", uuid4())
    await apply(other, DIRECTORY, NOW)
    await accept(other, a_message(1))
    (folder := tmp_path / "data").mkdir()
    journal = await lost(database, folder)
    await lapse(other)
    if others != "nobody":
        leases = await some(other, [1], "other")
        assert await claim(other, leases) == [1]
        event = Event.SUBMIT_DEFERRED if others == "queued" else Event.SUBMIT_REJECTED
        await other.sending.record(leases, [AttemptResult(1, event, due_at=NOW, reason="busy")], NOW)
        await lapse(other)
    back = await open_postgresql(database, FakeClock(), "lost", uuid4(), journal)
    if is_orphan:
        await back.sending.recover_orphans(await own_maintenance(back), ["other"], NOW)
    else:
        await back.sending.recover(await some(back, [1], "back"), hold=False, now=NOW)
    wanted = {"nobody": State.SENT, "queued": State.QUEUED, "ended": State.REJECTED}[others]
    assert await state_of(other, 1) is wanted
    assert journal.left_over == []
    for store in (back, other):
        await store.close()
