"""What a store keeps of sending to many: jobs, their rows, and what became of them. Changes that a person
makes share a transaction with their audit entries.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.ownership import Lease
from aldis.traffic.bulk import Job, JobState, Mapping, Outcome, Row


class AddJob(msgspec.Struct, frozen=True, tag=True):
    """Make a job that waits for its rows; gives its number, that of the job which the same request made
    under the same key, or 0 where the key made another.
    """

    name: str
    account: str
    columns: tuple[str, ...]
    mapping: Mapping
    made_by: str
    made_at: int
    entry: AuditEntry
    #: of idempotency; "" for none
    key: str = ""
    fingerprint: str = ""


class AddRows(msgspec.Struct, frozen=True, tag=True):
    """Add rows behind those that a job has, while it is being filled; gives how many were added: none where
    `after` is not how many there are.
    """

    job_id: int
    after: int
    rows: tuple[tuple[str, ...], ...]


class MoveJob(msgspec.Struct, frozen=True, tag=True):
    """Have a job stand otherwise (`traffic.bulk.MOVES`), perhaps with another mapping; gives 1, or 0 where
    that may not be.
    """

    job_id: int
    to: JobState
    now: int
    mapping: Mapping | None = None
    why: str = ""
    entry: AuditEntry | None = None


class SettleRows(msgspec.Struct, frozen=True, tag=True):
    """Write what became of rows; gives how many had no outcome before."""

    #: of the jobs
    lease: Lease
    job_id: int
    outcomes: tuple[Outcome, ...]
    #: all rows up to this one have an outcome now
    reached: int
    now: int


class PurgeJobs(msgspec.Struct, frozen=True, tag=True):
    """Forget up to so many rows of jobs that ended before an instant, then those jobs; gives how many."""

    before: int
    limit: int


BulkChange = AddJob | AddRows | MoveJob | SettleRows | PurgeJobs


class BulkStore(Protocol):
    """Jobs and their rows."""

    async def change(self, change: BulkChange) -> int:
        """Carry out a change; what the number means each of them says."""

    async def job(self, job_id: int) -> Job | None:
        """Find a job."""

    async def jobs(self, before: int, limit: int) -> list[Job]:
        """Give jobs, newest first: those below a number (0: from the newest)."""

    async def running(self) -> list[Job]:
        """Give the jobs that are to be carried out, oldest first."""

    async def rows(self, job_id: int, after: int, limit: int, *, waiting: bool = False) -> list[Row]:
        """Give rows behind a number; with `waiting` those without an outcome."""

    async def refused_rows(self, job_id: int, after: int, limit: int) -> list[Row]:
        """Give rows behind a number that were refused."""
