"""Which message is blamed for the death of a process: one that was alone in hand, at the third in a row."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.stages.sending.sender import Sender
from aldis.stages.sending.shares import share
from aldis.stages.sending.upstream import Outbound
from aldis.store.contract.ownership import Lease
from aldis.store.contract.store import Store
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.traffic.message import MAX_FAULTS, AttemptResult, SubmittedSegment
from aldis.traffic.states import Event, State
from tests.backends import open_store, own, own_maintenance
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import FakeUpstream
from tests.stages.test_sender import a_sender, state_of
from tests.store.building import a_message, accept

POISON = 3
ALL = (1, 2, 3, 4, 5)


class Died(BaseException):
    """Stand for the end of the process."""


class Deadly(FakeUpstream):
    """An upstream that ends the process with certain messages."""

    def __init__(self, deadly: Collection[int]) -> None:
        super().__init__()
        self._deadly = deadly

    def submit(self, segment: Outbound) -> None:
        super().submit(segment)
        if segment.message_id in self._deadly:
            raise Died


class Machine:
    """A folder over which one process runs after the other."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.folder = folder
        self.clock = clock
        self.deadly: set[int] = {POISON}

    @asynccontextmanager
    async def process(self, *, dies: bool = False) -> AsyncIterator[Store]:
        """Open the store as a new process does; `dies`: what it had in hand stays in the file."""
        store = open_store(self.folder, self.clock, OutcomeJournal(self.folder))
        try:
            yield store
        except Died:
            dies = True
            raise
        finally:
            claimed = self.folder / "claimed.journal"
            left = claimed.read_bytes()
            await store.close()
            if dies:
                claimed.write_bytes(left)

    async def die_amid_all(self) -> None:
        """Die of something else while everything that waits is in hand."""
        async with self.process(dies=True) as store:
            await store.sending.recover(await own(store), hold=False, now=self.clock.now())
            assert len(await store.sending.claim(await own(store), 10, share, self.clock.now())) > 1

    async def start(self, *links: str) -> bool:
        """Send all that can be sent; returns whether the process lived."""
        with suppress(Died):
            await self._run(links or ("link",))
            return True
        return False

    async def _run(self, links: Collection[str]) -> None:
        async with self.process() as store:
            senders = []
            for link in links:
                upstream = Deadly(self.deadly)
                upstream.name = link
                senders.append((a_sender(store, upstream, self.clock), upstream))
            for sender, _ in senders:
                await sender.own()
            for _ in range(12):
                for sender, upstream in senders:
                    await self._round(sender, upstream)
                self.clock.advance(1)

    async def _round(self, sender: Sender, upstream: FakeUpstream) -> None:
        sender.wake()
        await sender.step()
        upstream.accept_all()
        while not sender.outcomes.is_drained:
            await asyncio.sleep(0.001)

    async def aside(self) -> list[int]:
        """Tell what is set aside."""
        async with self.process() as store:
            return [each.message_id for each in await store.actions.poison(10)]


@pytest.fixture
async def machine(demo_folder: Path, tmp_path: Path, clock: FakeClock) -> Machine:
    return Machine(Path(shutil.copytree(demo_folder, tmp_path / "demo")), clock)


async def filled(machine: Machine, link: str = "link", numbers: Collection[int] = ALL) -> None:
    async with machine.process() as store:
        for number in numbers:
            await accept(store, a_message(number, link=link))


async def deaths(machine: Machine, *links: str) -> int:
    count = 0
    while not await machine.start(*links):
        count += 1
        assert count < 20
    return count


async def test_one_of_many_is_found(machine: Machine) -> None:
    await filled(machine)
    assert await deaths(machine) == MAX_FAULTS
    assert await machine.aside() == [POISON]
    async with machine.process() as store:
        assert [await state_of(store, number) for number in ALL if number != POISON] == [State.SENT] * 4
        assert await state_of(store, POISON) is State.QUEUED


async def test_two_of_many_are_found(machine: Machine) -> None:
    machine.deadly = {2, 5}
    await filled(machine)
    assert await deaths(machine) == MAX_FAULTS + 1
    assert sorted(await machine.aside()) == [2, 5]


async def test_two_on_two_links_are_found_and_nobody_else(machine: Machine) -> None:
    machine.deadly = {2, 12}
    await filled(machine)
    await filled(machine, "other", (11, 12, 13))
    assert await deaths(machine, "link", "other") <= 2 * MAX_FAULTS
    assert sorted(await machine.aside()) == [2, 12]


async def test_who_was_alone_is_blamed_at_the_third_death(machine: Machine) -> None:
    await filled(machine, numbers=(POISON,))
    assert await deaths(machine) == MAX_FAULTS
    assert await machine.aside() == [POISON]


async def test_nobody_is_blamed_for_deaths_of_another_cause(machine: Machine) -> None:
    machine.deadly = set()
    await filled(machine)
    for _ in range(MAX_FAULTS - 1):
        await machine.die_amid_all()
    for _ in range(MAX_FAULTS):
        assert await machine.start()
    assert await machine.aside() == []
    async with machine.process() as store:
        assert [await state_of(store, number) for number in ALL] == [State.SENT] * 5


async def test_an_orderly_end_is_no_death(machine: Machine) -> None:
    machine.deadly = set()
    await filled(machine, numbers=(1,))
    for _ in range(2 * MAX_FAULTS):  # it is in hand alone each time
        async with machine.process() as store:
            await store.sending.recover(await own(store), hold=False, now=machine.clock.now())
            assert len(await store.sending.claim(await own(store), 10, share, machine.clock.now())) == 1
    assert await machine.aside() == []


async def test_deaths_that_do_not_follow_one_another_are_not_summed(machine: Machine) -> None:
    await filled(machine, numbers=(1, 2))
    await machine.die_amid_all()
    async with machine.process(dies=True) as store:  # with others in hand
        await store.sending.recover(await own(store), hold=False, now=machine.clock.now())
        await accept(store, a_message(11, link="other"))
        await store.sending.claim(await own(store, "other"), 10, share, machine.clock.now())
    await machine.die_amid_all()
    async with machine.process() as store:
        await store.sending.recover(await own(store), hold=False, now=machine.clock.now())
        assert len(await store.sending.claim(await own(store), 10, share, machine.clock.now())) == 2


async def test_a_suspect_is_tried_with_nothing_else_in_hand(machine: Machine) -> None:
    await filled(machine, numbers=(1, 2))
    await filled(machine, "other", (11,))
    for _ in range(2):
        await machine.die_amid_all()
    async with machine.process() as store:
        now, lease, others = machine.clock.now(), await own(store), await own(store, "other")
        await store.sending.recover(lease, hold=False, now=now)
        await accept(store, a_message(3))
        (other,) = await store.sending.claim(others, 10, share, now)
        assert await store.sending.claim(lease, 10, share, now) == []  # the other link has one
        await accept(store, a_message(12, link="other"))
        assert await store.sending.claim(others, 10, share, now) == []  # and gets no more
        sent = AttemptResult(other.message_id, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, "A"),))
        await store.sending.record(others, [sent], now)
        (suspect,) = await store.sending.claim(lease, 10, share, now)
        assert await store.sending.claim(lease, 10, share, now) == []
        assert await store.sending.claim(others, 10, share, now) == []
        again = AttemptResult(suspect.message_id, Event.SUBMIT_DEFERRED, due_at=now + 10_000)
        await store.sending.record(lease, [again], now)
        (second,) = await store.sending.claim(lease, 10, share, now)
        await store.sending.record(lease, [AttemptResult(second.message_id, Event.RELEASED, due_at=now)], now)
        (same,) = await store.sending.claim(lease, 10, share, now)  # released, it was not tried
        assert same.message_id == second.message_id
        store.sending.release(lease, [same.message_id])
    async with machine.process() as store:  # the first is as all others are, the second still a suspect
        machine.clock.advance(100)
        now, lease = machine.clock.now(), await own(store)
        await store.sending.recover(lease, hold=False, now=now)
        (alone,) = await store.sending.claim(lease, 10, share, now)
        assert alone.message_id == second.message_id
        await store.sending.record(
            lease, [AttemptResult(alone.message_id, Event.SUBMIT_REJECTED, reason="no")], now
        )
        assert len(await store.sending.claim(lease, 10, share, now)) == 2


async def test_a_link_that_goes_down_holds_up_no_other(machine: Machine) -> None:
    await filled(machine, numbers=(1, 2))
    for _ in range(2):
        await machine.die_amid_all()
    await filled(machine, "other", (11, 12))
    async with machine.process() as store:
        await store.sending.recover(await own(store), hold=False, now=machine.clock.now())
        others = await own(store, "other")
        assert len(await store.sending.claim(others, 1, share, machine.clock.now())) == 1
        lease = await own(store)
        assert await store.sending.claim(lease, 10, share, machine.clock.now()) == []  # and asks no more
        assert await store.sending.claim(others, 1, share, machine.clock.now()) == []
        machine.clock.advance(2)
        assert len(await store.sending.claim(others, 1, share, machine.clock.now())) == 1


async def test_it_is_tried_alone_again_when_an_operator_says_so(machine: Machine) -> None:
    await filled(machine)
    await deaths(machine)
    entry = AuditEntry(machine.clock.now(), "me", "api", "try again", str(POISON))
    async with machine.process() as store:
        assert await store.actions.try_again(POISON, "link", entry)
    await filled(machine, numbers=(6, 7))
    assert await deaths(machine) == 1
    assert await machine.aside() == [POISON]
    machine.deadly = set()
    async with machine.process() as store:
        assert await store.actions.try_again(POISON, "link", entry)
    assert await machine.start()
    async with machine.process() as store:
        assert await state_of(store, POISON) is State.SENT
        assert await store.actions.poison(10) == []


async def test_its_validity_ends_it_unconfirmed_because_the_carrier_may_have_it(machine: Machine) -> None:
    await filled(machine)
    await deaths(machine)
    machine.clock.advance(200_000)
    async with machine.process() as store:
        await store.maintenance.expire(await own_maintenance(store), 10, machine.clock.now(), 10**9)
        assert await state_of(store, POISON) is State.UNCONFIRMED


async def test_a_journalled_outcome_that_ends_the_process_is_told_no_more(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(machine, numbers=(1, POISON))
    async with machine.process(dies=True) as store:
        lease, now = await own(store), machine.clock.now()
        for message in await store.sending.claim(await own(store), 10, share, now):
            taken = (SubmittedSegment(1, f"A{message.message_id}"),)
            result = AttemptResult(message.message_id, Event.SUBMIT_ACCEPTED, taken)
            assert store.sending.journal(lease, [result], now)

    async with machine.process() as store:
        sending: Any = store.sending
        kind = type(sending._engine)
    write = kind.record

    async def record(
        self: Any, leases: Sequence[Lease], link: str, results: Sequence[AttemptResult], now: int
    ) -> None:
        if any(each.message_id == POISON for each in results):
            raise Died
        await write(self, leases, link, results, now)

    monkeypatch.setattr(kind, "record", record)
    for is_last in (False, False, True):
        died = True
        with suppress(Died):
            async with machine.process() as store:
                await store.sending.recover(await own(store), hold=False, now=machine.clock.now())
            died = False
        assert died is not is_last
    assert await machine.aside() == [POISON]
    async with machine.process() as store:
        assert await state_of(store, 1) is State.SENT


async def test_a_death_after_all_was_recorded_is_nobodys(machine: Machine) -> None:
    await filled(machine, numbers=(1,))
    async with machine.process(dies=True) as store:
        now, lease = machine.clock.now(), await own(store)
        await store.sending.claim(lease, 10, share, now)
        claimed = (machine.folder / "claimed.journal").read_bytes()
        sent = AttemptResult(1, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, "A1"),))
        await store.sending.record(lease, [sent], now)
        (machine.folder / "claimed.journal").write_bytes(claimed)  # it died before it said so
    assert await machine.start()
    assert await machine.aside() == []
