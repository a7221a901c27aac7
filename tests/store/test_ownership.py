"""Leases and their epochs: what depends on a resource is written by its newest owner only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.errors import LeaseLost
from aldis.stages.sending.shares import share
from aldis.store.contract.bulk import AddJob, AddRows, MoveJob, SettleRows
from aldis.store.contract.ownership import JOBS, MAINTENANCE, Lease, slot_of
from aldis.store.contract.store import Store
from aldis.traffic.bulk import JobState, Mapping, Outcome
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.message import AttemptResult, HandlingFault, SubmittedSegment
from aldis.traffic.slots import slot_of_id
from aldis.traffic.states import Event, State
from tests.backends import apply, lapse, open_store, own, own_maintenance, take
from tests.store.building import NOW, a_message, accept, money, state_of
from tests.store.conftest import DIRECTORY

SLOT = slot_of("link")
LATE = NOW + 172_800_001
SENT = [AttemptResult(1, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, "A1"),))]
BACK = [AttemptResult(1, Event.SUBMIT_DEFERRED, due_at=NOW, reason="busy")]


async def is_newest(store: Store, lease: Lease) -> bool:
    """Ask whether a lease can be renewed."""
    renewed = await store.ownership.renew(lease)
    assert renewed is None or renewed.epoch == lease.epoch
    return renewed is not None


async def test_each_owner_has_the_next_epoch(kept: Store) -> None:
    first, other, second = [await take(kept, resource, "a") for resource in (SLOT, JOBS, SLOT)]
    assert [each.epoch for each in (first, other, second)] == [1, 1, 2]
    assert {(each.resource, each.holder) for each in (first, second)} == {(SLOT, "a")}
    assert [await is_newest(kept, lease) for lease in (first, second, other)] == [False, True, True]


@pytest.mark.parametrize(("link", "slot"), [("link", 0), ("a/0", 0), ("link/a", 12)])
def test_a_slots_lease_names_its_link_and_its_number(link: str, slot: int) -> None:
    lease = Lease(slot_of(link, slot), "a", 1)
    assert (lease.link, lease.slot) == (link, slot)


async def test_who_asks_at_once_does_not_share_an_epoch(kept: Store) -> None:
    told = await asyncio.gather(*(kept.ownership.acquire(SLOT, f"{number}") for number in range(9)))
    leases = [lease for lease in told if lease is not None]
    newest = max(lease.epoch for lease in leases)
    assert sorted(lease.epoch for lease in leases) == [*range(1, newest + 1)]
    for lease in leases:
        assert await is_newest(kept, lease) is (lease.epoch == newest)


async def test_nobody_is_given_what_another_has_until_that_is_over(kept: Store) -> None:
    first = await take(kept, SLOT, "a")
    assert (await kept.ownership.acquire(SLOT, "b") is None) is (first.holds_ms is not None)
    assert await kept.ownership.acquire(JOBS, "b") is not None
    await lapse(kept)
    second = await take(kept, SLOT, "c")
    assert second.epoch > first.epoch
    assert [await is_newest(kept, lease) for lease in (first, second)] == [False, True]


async def test_what_nobody_has_acquired_since_is_renewed_even_late(kept: Store) -> None:
    await accept(kept, a_message(1))
    lease = await own(kept)
    await lapse(kept)
    await kept.sending.mark(lease, [1])
    assert await is_newest(kept, lease[0])
    other = await kept.ownership.acquire(SLOT, "b")
    assert (other is None) is (lease[0].holds_ms is not None)


async def test_what_is_given_back_is_nobodys(kept: Store) -> None:
    await accept(kept, a_message(1))
    first = await own(kept)
    second = await own(kept)
    await kept.ownership.give_back(first[0])  # is not the owner any more
    assert await is_newest(kept, second[0])
    assert await kept.sending.claim(second, 10, share, NOW)
    for _ in range(2):
        await kept.ownership.give_back(second[0])
    assert not await is_newest(kept, second[0])
    with pytest.raises(LeaseLost):
        await kept.sending.mark(second, [])
    with pytest.raises(LeaseLost):
        await kept.sending.claim(second, 10, share, NOW)
    assert (await take(kept, SLOT, "b")).epoch > second[0].epoch


async def test_a_new_owner_is_handed_what_the_last_one_had_and_that_one_nothing(kept: Store) -> None:
    for number in (1, 2, 3):
        await accept(kept, a_message(number))
    old = await own(kept)
    assert len(await kept.sending.claim(old, 2, share, NOW)) == 2
    new = await own(kept)
    with pytest.raises(LeaseLost):
        await kept.sending.claim(old, 2, share, NOW)
    await kept.sending.recover(new, hold=False, now=NOW)
    handed = [each.message_id for each in await kept.sending.claim(new, 10, share, NOW)]
    assert handed == [1, 2, 3]
    kept.sending.release(old, handed)
    await accept(kept, a_message(4))
    for leases in ([Lease(SLOT, "c", new[0].epoch + 1)], [Lease("link/none/0", "a", 1)], old, []):
        with pytest.raises(LeaseLost):
            await kept.sending.claim(leases, 10, share, NOW)
    assert [each.message_id for each in await kept.sending.claim(new, 10, share, NOW)] == [4]


async def nothing(_store: Store) -> None:
    """What has to be there before most writes."""


async def marked(store: Store) -> None:
    await store.sending.mark(await own(store), [1])


async def claimed(store: Store) -> None:
    await store.sending.claim(await own(store), 10, share, NOW)


async def opted_out(store: Store) -> None:
    change = ConsentChange(
        "74700", "", "447700900001", ConsentKind.OPT_OUT, ConsentSource.HANDSET, "STOP", NOW
    )
    await store.consent.change([change])


async def a_job(store: Store) -> None:
    entry = AuditEntry(NOW, "otto", "console", "load bulk job", "")
    await store.bulk.change(AddJob("x", "rich", ("to",), Mapping("to", "Hi", "74700"), "otto", NOW, entry))
    await store.bulk.change(AddRows(1, 0, (("1",), ("2",))))
    for state in (JobState.READY, JobState.RUNNING):
        await store.bulk.change(MoveJob(1, state, NOW))


def resource_for(store: Store, resource: str) -> str:
    """Name what a lease is needed of to write about message 1: of a link, its slot."""
    return slot_of("link", slot_of_id(1, store.ownership.slots)) if resource == SLOT else resource


Write = Callable[[Store, Lease], Awaitable[object]]
#: each write that depends on an owner: of what, what is there before, and the write
WRITES: dict[str, tuple[str, Callable[[Store], Awaitable[None]], Write]] = {
    "record": (SLOT, claimed, lambda store, lease: store.sending.record([lease], SENT, NOW)),
    "requeue": (SLOT, claimed, lambda store, lease: store.sending.record([lease], BACK, NOW)),
    "mark": (SLOT, claimed, lambda store, lease: store.sending.mark([lease], [1])),
    "recover": (SLOT, marked, lambda store, lease: store.sending.recover([lease], hold=False, now=NOW)),
    "hold": (SLOT, marked, lambda store, lease: store.sending.recover([lease], hold=True, now=NOW)),
    "orphans": (MAINTENANCE, marked, lambda store, lease: store.sending.recover_orphans(lease, ["b"], NOW)),
    "faults": (
        SLOT,
        nothing,
        lambda store, lease: store.sending.note_faults(
            [lease], [HandlingFault(1, "KeyError", weight=3)], NOW
        ),
    ),
    "fail over": (
        MAINTENANCE,
        nothing,
        lambda store, lease: store.maintenance.fail_over(lease, "link", ["b"], 10, NOW),
    ),
    "expire": (MAINTENANCE, nothing, lambda store, lease: store.maintenance.expire(lease, 10, LATE, 1)),
    "opted out": (
        MAINTENANCE,
        opted_out,
        lambda store, lease: store.maintenance.cancel_opted_out(lease, 10, NOW),
    ),
    "rows": (
        JOBS,
        a_job,
        lambda store, lease: store.bulk.change(SettleRows(lease, 1, (Outcome(1, 7),), 1, NOW)),
    ),
}


async def all_of(store: Store) -> object:
    """Give what the writes could have changed."""
    return (
        await store.search.message(1),
        await money(store),
        await store.metrics.backlog(),
        await store.bulk.jobs(0, 10),
        await store.bulk.rows(1, 0, 10),
    )


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_of_an_owner_that_is_no_more_changes_nothing(kept: Store, name: str) -> None:
    resource, prepare, write = WRITES[name]
    await accept(kept, a_message(1, backups='["b"]'))
    await prepare(kept)
    resource = resource_for(kept, resource)
    old, new = [await take(kept, resource) for _ in range(2)]
    before = await all_of(kept)
    for lease in (old, Lease(resource, "c", new.epoch + 1), Lease("link/none/0", "a", 1)):
        with pytest.raises(LeaseLost):
            await write(kept, lease)
        assert await all_of(kept) == before
    await write(kept, new)
    assert await all_of(kept) != before


@pytest.mark.parametrize("name", WRITES)
async def test_an_owner_in_another_process_is_fenced_as_well(tmp_path: Path, name: str) -> None:
    ours, theirs = open_store(tmp_path), open_store(tmp_path)
    await apply(ours, DIRECTORY, NOW)
    resource, prepare, write = WRITES[name]
    await accept(ours, a_message(1, backups='["b"]'))
    await prepare(ours)
    old, new = await take(ours, resource), await take(theirs, resource)
    before = await all_of(theirs)
    with pytest.raises(LeaseLost):
        await write(ours, old)
    assert await all_of(theirs) == await all_of(ours) == before
    assert not await is_newest(ours, old)
    await write(theirs, new)
    assert await all_of(ours) != before
    for store in (theirs, ours):
        await store.close()


async def test_a_lost_lease_spoils_its_own_call_only(kept: Store) -> None:
    """All that waits for one commit shares it."""
    for number in (1, 2):
        await accept(kept, a_message(number))
    await claimed(kept)
    old, new = await own(kept), await own(kept)
    others = [AttemptResult(2, Event.SUBMIT_REJECTED, reason="no")]
    told = await asyncio.gather(
        kept.sending.record(old, SENT, NOW),
        kept.sending.record(new, others, NOW),
        kept.maintenance.expire(await own_maintenance(kept), 10, NOW, 10**9),
        return_exceptions=True,
    )
    assert [type(each) for each in told] == [LeaseLost, type(None), int]
    assert [await state_of(kept, number) for number in (1, 2)] == [State.QUEUED, State.REJECTED]
    await kept.sending.record(new, SENT, NOW)
    assert await state_of(kept, 1) is State.SENT
