"""What every store keeps of sending to many."""

from __future__ import annotations

import msgspec
import pytest

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.bulk import AddJob, AddRows, MoveJob, PurgeJobs, SettleRows
from aldis.store.contract.ownership import JOBS
from aldis.store.contract.store import Store
from aldis.traffic.bulk import MOVES, JobState, Mapping, Outcome, Row
from tests.backends import take
from tests.store.building import NOW, audited

ENTRY = AuditEntry(NOW, "otto", "console", "load bulk job", "")
JOB = AddJob("spring", "rich", ("to", "name"), Mapping("to", "Hello {name}"), "otto", NOW, ENTRY)
ROWS = (("4512345678", "Ann"), ("4512345679", "Bo"), ("abc", ""))


async def a_job(kept: Store, state: JobState = JobState.RUNNING) -> int:
    job_id = await kept.bulk.change(JOB)
    assert await kept.bulk.change(AddRows(job_id, 0, ROWS)) == 3
    for to in (JobState.READY, JobState.RUNNING):
        if state is not JobState.FILLING and (to is JobState.READY or state is not JobState.READY):
            assert await kept.bulk.change(MoveJob(job_id, to, NOW))
    return job_id


async def test_a_job_and_its_rows(kept: Store) -> None:
    job_id = await a_job(kept)
    job = await kept.bulk.job(job_id)
    assert job is not None
    assert (job.name, job.account, job.columns, job.mapping) == (
        JOB.name,
        JOB.account,
        JOB.columns,
        JOB.mapping,
    )
    assert (job.state, job.total, job.waiting) == (JobState.RUNNING, 3, 3)
    assert await kept.bulk.running() == [job] == await kept.bulk.jobs(0, 10)
    assert await kept.bulk.rows(job_id, 1, 1) == [Row(2, ROWS[1])]
    assert await kept.bulk.job(job_id + 1) is None
    assert await kept.bulk.jobs(job_id, 10) == []
    (entry,) = await audited(kept)
    assert entry == msgspec.structs.replace(ENTRY, subject=f"bulk {job_id}")


async def test_rows_are_added_once(kept: Store) -> None:
    job_id = await a_job(kept, JobState.FILLING)
    assert await kept.bulk.change(AddRows(job_id, 0, ROWS)) == 0
    assert await kept.bulk.change(AddRows(job_id, 3, ROWS[:1])) == 1
    assert await kept.bulk.change(MoveJob(job_id, JobState.READY, NOW)) == 1
    assert await kept.bulk.change(AddRows(job_id, 4, ROWS)) == 0
    assert [row.number for row in await kept.bulk.rows(job_id, 0, 10)] == [1, 2, 3, 4]


async def test_a_key_makes_one_job(kept: Store) -> None:
    keyed = msgspec.structs.replace(JOB, key="o-1", fingerprint="a")
    first = await kept.bulk.change(keyed)
    assert await kept.bulk.change(keyed) == first
    assert await kept.bulk.change(msgspec.structs.replace(keyed, fingerprint="b")) == 0
    other = await kept.bulk.change(msgspec.structs.replace(keyed, account="postpaid"))
    assert other not in (0, first)
    assert len(await audited(kept)) == 2


async def test_outcomes_count_once_and_end_the_job(kept: Store) -> None:
    job_id = await a_job(kept)
    jobs = await take(kept, JOBS)
    some = SettleRows(jobs, job_id, (Outcome(1, 71), Outcome(3, fault="no number")), 1, NOW + 1)
    assert await kept.bulk.change(some) == 2
    assert await kept.bulk.change(some) == 0
    job = await kept.bulk.job(job_id)
    assert job is not None
    assert (job.state, job.reached, job.accepted, job.refused) == (JobState.RUNNING, 1, 1, 1)
    assert [row.number for row in await kept.bulk.rows(job_id, 1, 10, waiting=True)] == [2]
    assert await kept.bulk.refused_rows(job_id, 0, 10) == [Row(3, ROWS[2], fault="no number")]
    await kept.bulk.change(SettleRows(jobs, job_id, (Outcome(2, 72),), 3, NOW + 2))
    job = await kept.bulk.job(job_id)
    assert job is not None
    assert (job.state, job.accepted, job.ended_at) == (JobState.DONE, 2, NOW + 2)
    assert await kept.bulk.running() == []


@pytest.mark.parametrize("to", list(MOVES))
@pytest.mark.parametrize("state", [JobState.FILLING, JobState.READY, JobState.RUNNING])
async def test_only_some_moves_may_be(kept: Store, state: JobState, to: JobState) -> None:
    job_id = await a_job(kept, state)
    entry = AuditEntry(NOW, "otto", "console", "move", "it")
    moved = await kept.bulk.change(MoveJob(job_id, to, NOW, why="x", entry=entry))
    assert bool(moved) == (state in MOVES[to])
    assert len(await kept.audit.log(0, 10, "it")) == moved
    job = await kept.bulk.job(job_id)
    assert job is not None
    assert job.state is (to if moved else state)
    assert bool(job.ended_at) == (bool(moved) and to is JobState.CANCELLED)


async def test_old_jobs_are_forgotten_batch_by_batch(kept: Store) -> None:
    old, young = await a_job(kept), await a_job(kept)
    await kept.bulk.change(MoveJob(old, JobState.CANCELLED, NOW))
    assert await kept.bulk.change(PurgeJobs(NOW, 2)) == 0
    counts = [await kept.bulk.change(PurgeJobs(NOW + 1, 2)) for _ in range(4)]
    assert counts == [2, 1, 1, 0]
    assert [job.job_id for job in await kept.bulk.jobs(0, 10)] == [young]
    assert await kept.bulk.rows(old, 0, 10) == []
