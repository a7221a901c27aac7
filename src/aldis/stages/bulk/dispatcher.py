"""The bulk agent: has the rows of running jobs accepted, batch by batch, and writes what became of each.

A batch is accepted first and written after that. A crash between the two is harmless: the next try of a row
is refused as a duplicate of itself (`traffic/bulk.py`), and then counts as accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec
import structlog

from aldis.accounts.directory import CurrentDirectory
from aldis.clock import Clock
from aldis.errors import TemporaryError
from aldis.sms.segments import TooLong
from aldis.stages.owner import Holder, Owner
from aldis.store.contract.bulk import BulkStore, MoveJob, PurgeJobs, SettleRows
from aldis.store.contract.ownership import JOBS, Lease
from aldis.store.contract.queries import QueryStore
from aldis.traffic.bulk import Job, JobState, Outcome, Recipe, Row, reference_of
from aldis.traffic.caller import Caller
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.problem import words_of
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, Submission

log = structlog.get_logger()

PERIOD_S = 0.5
#: rows that are accepted at once: few, so that nobody at the doors waits long behind them
BATCH = 64
PURGE_EVERY_S = 600.0
FORGET_BATCH = 500
DAY_MS = 86_400_000

#: the row is right and the moment is not
LATER = frozenset({RefusalReason.THROTTLED, RefusalReason.UNAVAILABLE, RefusalReason.INTERNAL})
#: it will be so for every row: the job pauses, and a person decides
PAUSES = frozenset(
    {
        RefusalReason.CREDIT_INSUFFICIENT,
        RefusalReason.ACCOUNT_INACTIVE,
        RefusalReason.SENDING_NOT_PERMITTED,
        RefusalReason.CREDENTIALS_UNKNOWN,
    }
)


class DispatcherSettings(msgspec.Struct, frozen=True):
    """As what messages are kept, and jobs how long."""

    dialect: str
    retention_days: int
    #: whether the clock is believed, by which jobs are old
    may_forget: Callable[[], bool]


class Dispatcher(Owner):
    """Sends tables."""

    def __init__(
        self,
        bulk: BulkStore,
        holder: Holder,
        queries: QueryStore,
        clock: Clock,
        current: CurrentDirectory,
        admit: Callable[[Submission], Awaitable[Admitted | Refusal]],
        settings: DispatcherSettings,
    ) -> None:
        """`admit`: has a submission accepted."""
        super().__init__("dispatcher", PERIOD_S, holder, partial(holder.whole, JOBS))
        self._bulk = bulk
        self._queries = queries
        self._clock = clock
        self._current = current
        self._dialect = settings.dialect
        self._admit = admit
        self._retention_ms = settings.retention_days * DAY_MS
        self._may_forget = settings.may_forget
        self._purge_at = 0.0
        #: job → how many rows at once, where its account's rate allows no more; and when again
        self._slowed: dict[int, tuple[int, float]] = {}

    async def step(self) -> int:
        """Take a batch of each job that runs; returns how many rows were settled."""
        owned = await self.own()
        if not owned:
            return 0
        jobs = await self._bulk.running()
        self._slowed = {job.job_id: self._slowed[job.job_id] for job in jobs if job.job_id in self._slowed}
        settled = 0
        for job in jobs:
            size, not_before = self._slowed.get(job.job_id, (BATCH, 0.0))
            if not self._is_stopping and self._clock.monotonic() >= not_before:
                settled += await self._batch(owned[0], job, size)
        if not settled and self._clock.monotonic() >= self._purge_at and self._may_forget():
            self._purge_at = self._clock.monotonic() + PURGE_EVERY_S
            before = self._clock.now() - self._retention_ms
            while not self._is_stopping and await self._bulk.change(PurgeJobs(before, FORGET_BATCH)):
                pass
        return settled

    async def _batch(self, lease: Lease, job: Job, size: int) -> int:
        rows = await self._bulk.rows(job.job_id, job.reached, size, waiting=True)
        recipe = Recipe(job.columns, job.mapping)
        tried = await asyncio.gather(*(self._try(job, recipe, row) for row in rows))
        outcomes = [each for each in tried if isinstance(each, Outcome)]
        refusals = [each for each in tried if isinstance(each, Refusal)]
        reached = _reached(job, rows, tried)
        now = self._clock.now()
        settled = await self._bulk.change(SettleRows(lease, job.job_id, tuple(outcomes), reached, now))
        paused = next((each for each in refusals if each.reason in PAUSES), None)
        if paused is not None:
            why = words_of(paused)
            log.warning("a bulk job pauses", job=job.job_id, reason=paused.reason.value)
            await self._bulk.change(MoveJob(job.job_id, JobState.PAUSED, now, why=why))
        elif refusals:
            self._slow_down(job, len(outcomes), refusals[0])
        elif size < BATCH:
            self._slowed[job.job_id] = (min(BATCH, size * 2), 0.0)
        return settled

    def _slow_down(self, job: Job, taken: int, refusal: Refusal) -> None:
        """Try as many as were taken, when an account's rate has room for one more."""
        try:
            wait_s = float(refusal.value) if refusal.reason is RefusalReason.THROTTLED else PERIOD_S
        except ValueError:
            wait_s = PERIOD_S
        self._slowed[job.job_id] = (max(1, taken), self._clock.monotonic() + min(wait_s, 60.0))

    async def _try(self, job: Job, recipe: Recipe, row: Row) -> Outcome | Refusal:
        """Have one row accepted; a Refusal where it stays as it is."""
        reference = reference_of(job.job_id, row.number)
        try:
            ask = recipe.ask(row.cells, reference)
            verdict = await self._admit(Submission(Caller(OnBehalf(self._dialect, job.account)), (ask,)))
        except TooLong:
            return Outcome(row.number, fault=words_of(Refusal(RefusalReason.TEXT_TOO_LONG)))
        except TemporaryError:
            return Refusal(RefusalReason.INTERNAL)
        if isinstance(verdict, Admitted):
            return Outcome(row.number, verdict.asks[0].messages[0].message_id)
        if verdict.reason is RefusalReason.DUPLICATE:
            return await self._known(job, row, reference)
        if verdict.reason in LATER or verdict.reason in PAUSES:
            return verdict
        return Outcome(row.number, fault=words_of(verdict))

    async def _known(self, job: Job, row: Row, reference: str) -> Outcome | Refusal:
        """Find the message that a row became before a crash."""
        account = self._current.directory.accounts[job.account]
        found = await self._queries.submission(account.account_id, self._dialect, reference)
        return Outcome(row.number, found[0].message.message_id) if found else Refusal(RefusalReason.INTERNAL)


def _reached(job: Job, rows: Sequence[Row], tried: Sequence[Outcome | Refusal]) -> int:
    """Tell up to which row all have an outcome."""
    for row, each in zip(rows, tried, strict=True):
        if isinstance(each, Refusal):
            return row.number - 1
    return rows[-1].number if rows else job.total
