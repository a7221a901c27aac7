"""The bulk agent: each row once, whatever comes between; what is wrong with all rows stops it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.accounts.staff import AuditEntry
from aldis.dialects import native
from aldis.dialects.exchange import HttpRequest
from aldis.errors import StoreUnavailable
from aldis.sms.fitting import PLAIN
from aldis.stages.admission.admit import Admitter, AttachmentPolicy
from aldis.stages.admission.building import Deadlines
from aldis.stages.aside import Aside
from aldis.stages.authenticate import Authenticator
from aldis.stages.bulk.dispatcher import BATCH, DAY_MS, Dispatcher, DispatcherSettings
from aldis.stages.owner import Holder
from aldis.stages.rates import AccountRates
from aldis.store.content_files import ContentFiles
from aldis.store.contract.bulk import AddJob, AddRows, MoveJob
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.bulk import Job, JobState, Mapping
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, Submission
from tests.fakes.clock import FakeClock

OURS = HttpRequest("POST", "", b"", [], b"", "")
Judge = Callable[[Submission], Awaitable[Admitted | Refusal]]


class Bench:
    """A dispatcher over a store with the demo's world; `before` may refuse first."""

    def __init__(self, store: Store, clock: FakeClock, current: CurrentDirectory) -> None:
        self.store = store
        self.clock = clock
        self.before: Callable[[Submission], Refusal | None] = lambda _submission: None
        self.after: Callable[[Submission], None] = lambda _submission: None
        links = Router({"simulator": PLAIN}, lambda _: True)
        authenticator = Authenticator(clock, b"secret", Metrics())
        content = AttachmentPolicy(ContentFiles(Path("nowhere")))  # texts only
        deadlines = Deadlines(1000, 1000)
        self.admitter = Admitter(
            store.admission,
            clock,
            current,
            authenticator,
            AccountRates(clock),
            Aside(),
            links,
            deadlines,
            content,
            lambda _links: None,
        )
        self.dispatcher = Dispatcher(
            store.bulk,
            Holder(store.ownership, "test", clock),
            store.queries,
            clock,
            current,
            self.admit,
            DispatcherSettings(native.POLICY.name, 7, lambda: True),
        )

    async def admit(self, submission: Submission) -> Admitted | Refusal:
        refusal = self.before(submission)
        if refusal is not None:
            return refusal
        verdict = await self.admitter.admit(native.POLICY, submission)
        self.after(submission)
        return verdict

    async def job(self, *rows: tuple[str, ...], account: str = "demo", text: str = "Hello {name}") -> int:
        now = self.clock.now()
        entry = AuditEntry(now, "otto", "console", "load bulk job", "")
        mapping = Mapping("to", text, "74700")
        job_id = await self.store.bulk.change(
            AddJob("x", account, ("to", "name"), mapping, "otto", now, entry)
        )
        await self.store.bulk.change(AddRows(job_id, 0, rows))
        for state in (JobState.READY, JobState.RUNNING):
            await self.store.bulk.change(MoveJob(job_id, state, now))
        return job_id

    async def look(self, job_id: int) -> Job:
        found = await self.store.bulk.job(job_id)
        assert found is not None
        return found

    async def messages(self) -> int:
        return sum((await self.store.metrics.count_by_state()).values())


@pytest.fixture
async def bench(demo_store: Store, clock: FakeClock) -> Bench:
    return Bench(demo_store, clock, CurrentDirectory(await demo_store.directory.load()))


def rows(count: int) -> list[tuple[str, ...]]:
    return [(str(4512340000 + number), f"Ann {number}") for number in range(count)]


async def test_rows_become_messages_in_batches(bench: Bench) -> None:
    job_id = await bench.job(*rows(BATCH + 5), ("abc", "x"), ("4512345678",))
    assert [await bench.dispatcher.step() for _ in range(3)] == [BATCH, 7, 0]
    job = await bench.look(job_id)
    assert (job.state, job.accepted, job.refused) == (JobState.DONE, BATCH + 6, 1)
    (refused,) = await bench.store.bulk.refused_rows(job_id, 0, 10)
    assert (refused.number, refused.fault) == (BATCH + 6, "`abc` is no number that can get messages")
    assert await bench.messages() == BATCH + 6
    account = bench.admitter._current.directory.accounts["demo"].account_id
    (found,) = await bench.store.queries.submission(account, "aldis", f"bulk-{job_id}-2")
    assert found.octets == b"Hello Ann 1"


async def test_what_was_accepted_before_a_crash_is_known_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await bench.job(*rows(10))
    accepted: list[Submission] = []
    bench.after = accepted.append

    async def dies(_bulk: object, _change: object) -> int:
        raise StoreUnavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr(type(bench.store.bulk), "change", dies)
        with pytest.raises(StoreUnavailable):
            await bench.dispatcher.step()
    assert (await bench.look(job_id)).accepted == 0
    assert await bench.messages() == len(accepted) == 10
    assert await bench.dispatcher.step() == 10
    assert await bench.messages() == 10
    job = await bench.look(job_id)
    assert (job.state, job.accepted, job.refused) == (JobState.DONE, 10, 0)
    ids = {row.message_id for row in await bench.store.bulk.rows(job_id, 0, 20)}
    assert len(ids) == 10
    assert 0 not in ids


async def test_an_accounts_rate_is_kept_and_every_row_still_sent(bench: Bench) -> None:
    job_id = await bench.job(*rows(5))
    room = 2

    def throttle(_submission: Submission) -> Refusal | None:
        nonlocal room
        room -= 1
        return Refusal(RefusalReason.THROTTLED, value="1") if room < 0 else None

    bench.before = throttle
    assert await bench.dispatcher.step() == 2
    assert await bench.dispatcher.step() == 0  # it waits for its second
    for wanted in (2, 1):
        room = 2
        bench.clock.advance(1)
        assert await bench.dispatcher.step() == wanted
    job = await bench.look(job_id)
    assert (job.state, job.accepted, job.refused) == (JobState.DONE, 5, 0)


async def test_a_row_in_the_middle_that_must_wait_is_not_forgotten(bench: Bench) -> None:
    job_id = await bench.job(*rows(6))
    bench.before = lambda submission: (
        Refusal(RefusalReason.UNAVAILABLE) if submission.asks[0].recipients[0].endswith("2") else None
    )
    assert await bench.dispatcher.step() == 5
    assert ((await bench.look(job_id)).reached, await bench.messages()) == (2, 5)
    bench.before = lambda _submission: None
    bench.clock.advance(1)
    assert [await bench.dispatcher.step() for _ in range(2)] == [1, 0]
    assert ((await bench.look(job_id)).state, await bench.messages()) == (JobState.DONE, 6)


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("broke", "the account has not enough money left"),
        ("suspended", "the account is not active"),
        ("mute", "the account may not send"),
        ("nobody", "nobody has this key"),
    ],
)
async def test_what_is_so_for_every_row_pauses_the_job(bench: Bench, account: str, words: str) -> None:
    job_id = await bench.job(*rows(3), account=account)
    await bench.dispatcher.step()
    job = await bench.look(job_id)
    assert (job.state, job.why, job.waiting) == (JobState.PAUSED, words, 3)
    assert await bench.dispatcher.step() == 0


async def test_a_text_that_no_message_can_hold_is_a_rows_fault(bench: Bench) -> None:
    job_id = await bench.job(
        ("4512345678", "x" * 9000), ("4512345679", "Bo"), text="{name}{name}{name}{name}{name}"
    )
    await bench.dispatcher.step()
    job = await bench.look(job_id)
    assert (job.state, job.accepted, job.refused) == (JobState.DONE, 1, 1)


async def test_jobs_take_turns(bench: Bench) -> None:
    first, second = await bench.job(*rows(BATCH * 2)), await bench.job(*rows(3))
    await bench.dispatcher.step()
    assert (await bench.look(second)).state is JobState.DONE
    assert (await bench.look(first)).state is JobState.RUNNING


async def test_ended_jobs_are_forgotten_after_the_retention(bench: Bench) -> None:
    job_id = await bench.job(*rows(3))
    await bench.dispatcher.step()
    await bench.dispatcher.step()
    assert (await bench.look(job_id)).state is JobState.DONE
    bench.clock.advance(7 * DAY_MS / 1000 + 1)
    await bench.dispatcher.step()
    assert await bench.store.bulk.job(job_id) is None
