"""Sending to many: loading a table, seeing what it would send and cost, starting, pausing, cancelling.

Called by the console, the admin API and `aldis bulk`; carried out by `stages/bulk`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.price import from_micros
from aldis.accounts.staff import Actor, audit
from aldis.admin.csv_import import MAX_COLUMNS, MAX_ROWS
from aldis.admin.sending import Sending
from aldis.errors import AdminError
from aldis.sms.segments import TooLong
from aldis.store.contract.bulk import AddJob, AddRows, BulkStore, MoveJob
from aldis.traffic.bulk import MOVES, Job, JobState, Mapping, Recipe, Row, names_in
from aldis.traffic.problem import words_of
from aldis.traffic.refusal import Refusal

#: rows a transaction
CHUNK = 500
#: between two of them: from the command line a gateway writes to the same file
BREATH_S = 0.005
MAX_TEXT = 10_000
MAX_OTHER = 200
MAX_FILE_NAME = 100
#: rows whose price is asked for; of more, so many that are spread over all
SAMPLE = 500
SHOWN = 5
CENT = 10_000
ACTIONS = {"pause": JobState.PAUSED, "resume": JobState.RUNNING, "cancel": JobState.CANCELLED}


class NewJob(msgspec.Struct, frozen=True):
    """A job as somebody wants it."""

    account: str
    #: the file's, for people
    name: str
    columns: tuple[str, ...]
    mapping: Mapping
    #: of idempotency: the same request under the same key makes one job; "" for none
    key: str = ""
    fingerprint: str = ""


class PreviewedRow(msgspec.Struct, frozen=True):
    """One row as it would be sent."""

    number: int
    to: str
    sender: str
    text: str
    #: 0 where it would be refused
    segments: int
    encoding: str
    price: str
    fault: str


class Preview(msgspec.Struct, frozen=True):
    """What a job would send and cost."""

    rows: list[PreviewedRow]
    #: of all rows; from a sample where `is_exact` is false
    segments: int
    price: str
    currency: str
    #: of the rows that were looked at
    looked_at: int
    refused: int
    is_exact: bool


class Bulk:
    """Looks after bulk jobs."""

    def __init__(
        self, store: BulkStore, directory: Callable[[], Directory], started: Callable[[], None]
    ) -> None:
        """Work on a store; `started` is told when a job may run, as a hint."""
        self._store = store
        self._directory = directory
        self._started = started

    async def load(self, actor: Actor, wanted: NewJob, rows: Sequence[tuple[str, ...]], now: int) -> int:
        """Keep a table as a job that can be started; gives its number. Raises AdminError."""
        job_id = await self.open(actor, wanted, now)
        await self.fill(job_id, rows, now)
        return job_id

    async def open(self, actor: Actor, wanted: NewJob, now: int) -> int:
        """Make a job that waits for its rows, or find the one that was made under the same key; raises
        AdminError.
        """
        account, columns, mapping = wanted.account, wanted.columns, wanted.mapping
        if account not in self._directory().accounts:
            raise AdminError(f"there is no account `{account}`", 404)
        if not 1 <= len(columns) <= MAX_COLUMNS or len(set(columns)) != len(columns):
            raise AdminError(f"a table has 1 to {MAX_COLUMNS} columns with different names")
        _check(columns, mapping, is_draft=True)
        entry = audit(actor, now, "load bulk job", "", f"for {account}")
        job_id = await self._store.change(
            AddJob(
                wanted.name[:MAX_FILE_NAME],
                account,
                columns,
                mapping,
                actor.name,
                now,
                entry,
                wanted.key,
                wanted.fingerprint,
            )
        )
        if not job_id:
            raise AdminError("this key made another job before", 409)
        return job_id

    async def fill(
        self,
        job_id: int,
        rows: Sequence[tuple[str, ...]],
        now: int,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Add the rows that a job does not have yet, and have it ready; raises AdminError."""
        if not 1 <= len(rows) <= MAX_ROWS:
            raise AdminError(f"a table has 1 to {MAX_ROWS:,} rows")
        job = await self.job(job_id)
        if job.state is not JobState.FILLING:
            return
        after = job.total
        progress(after)
        while after < len(rows):
            chunk = tuple(rows[after : after + CHUNK])
            if not await self._store.change(AddRows(job_id, after, chunk)):
                raise AdminError(f"somebody else is loading job {job_id}", 409)
            after += len(chunk)
            progress(len(chunk))
            await asyncio.sleep(BREATH_S)
        await self._store.change(MoveJob(job_id, JobState.READY, now))

    async def job(self, job_id: int) -> Job:
        """Find a job; raises AdminError."""
        found = await self._store.job(job_id)
        if found is None:
            raise AdminError(f"there is no bulk job {job_id}", 404)
        return found

    async def jobs(self, before: int = 0, limit: int = 50) -> list[Job]:
        """Give jobs, newest first: those below a number."""
        return await self._store.jobs(before, limit)

    async def refused(self, job_id: int, after: int, limit: int) -> list[Row]:
        """Give rows that were refused, those behind a number."""
        return await self._store.refused_rows(job_id, after, limit)

    async def start(self, actor: Actor, job_id: int, now: int, mapping: Mapping | None = None) -> None:
        """Have a job carried out; raises AdminError."""
        job = await self.job(job_id)
        _check(job.columns, job.mapping if mapping is None else mapping)
        if job.state is not JobState.READY:
            raise AdminError(f"job {job_id} is {job.state}, and cannot be started", 409)
        await self._move(actor, "start bulk job", job, MoveJob(job_id, JobState.RUNNING, now, mapping))

    async def act(self, actor: Actor, job_id: int, action: str, now: int) -> None:
        """Pause, resume or cancel a job; raises AdminError."""
        job = await self.job(job_id)
        to = ACTIONS[action]
        is_wrong_way = action == "resume" and job.state is not JobState.PAUSED
        if job.state not in MOVES[to] or is_wrong_way:
            raise AdminError(f"job {job_id} is {job.state}: one cannot {action} it now", 409)
        await self._move(actor, f"{action} bulk job", job, MoveJob(job_id, to, now))

    async def _move(self, actor: Actor, action: str, job: Job, move: MoveJob) -> None:
        entry = audit(actor, move.now, action, f"bulk {job.job_id}", f"{job.waiting} rows for {job.account}")
        if not await self._store.change(msgspec.structs.replace(move, entry=entry)):
            raise AdminError(f"job {job.job_id} has changed meanwhile; look again", 409)
        self._started()

    async def preview(self, sending: Sending, job: Job, mapping: Mapping) -> Preview:
        """Say what a job would send and cost, by asking for its rows, or for a sample; raises
        AdminError.
        """
        recipe = _check(job.columns, mapping, is_draft=True)
        rows: list[Row] = []
        if job.total <= SAMPLE:
            rows = await self._store.rows(job.job_id, 0, SAMPLE)
        else:  # the first few, and others from all over the table
            numbers = {
                *range(1, SHOWN + 1),
                *(1 + each * job.total // SAMPLE for each in range(SAMPLE)),
                job.total,
            }
            for number in sorted(numbers):
                rows += await self._store.rows(job.job_id, number - 1, 1)
        shown: list[PreviewedRow] = []
        segments = micros = refused = 0
        for row in rows:
            await asyncio.sleep(0)  # others may have their turn
            found, price = await _previewed(sending, job.account, recipe, row)
            segments, micros, refused = segments + found.segments, micros + price, refused + bool(found.fault)
            if len(shown) < SHOWN or (found.fault and len(shown) < 2 * SHOWN):
                shown.append(found)
        if len(rows) < job.total:
            segments, micros = segments * job.total // len(rows), micros * job.total // len(rows)
            micros -= micros % CENT  # no more digits than a guess deserves
        return Preview(
            rows=shown,
            segments=segments,
            price=from_micros(micros),
            currency=sending.account(job.account).currency,
            looked_at=len(rows),
            refused=refused,
            is_exact=len(rows) == job.total,
        )


async def _previewed(sending: Sending, account: str, recipe: Recipe, row: Row) -> tuple[PreviewedRow, int]:
    try:
        ask = recipe.ask(row.cells, None)
    except TooLong:
        return PreviewedRow(row.number, "", "", "", 0, "", "", "the text is too long"), 0
    verdict = await sending.judge(account, ask)
    to, text = ask.recipients[0], ask.text
    if isinstance(verdict, Refusal):
        return PreviewedRow(row.number, to, ask.sender, text, 0, "", "", words_of(verdict)), 0
    (found,) = verdict.asks
    encoding = found.writings[0].encoding.name
    price = from_micros(found.price_micros)
    previewed = PreviewedRow(row.number, to, ask.sender, text, found.segments, encoding, price, "")
    return previewed, found.price_micros


def _check(columns: Sequence[str], mapping: Mapping, *, is_draft: bool = False) -> Recipe:
    """Make sure that a mapping fits its table; raises AdminError."""
    if mapping.recipient not in columns:
        raise AdminError(f"the table has no column `{mapping.recipient}`")
    if not is_draft and not mapping.text.strip():
        raise AdminError("there is no text: write one, with {column} where a row's cell belongs")
    if len(mapping.text) > MAX_TEXT or max(len(mapping.sender), len(mapping.label)) > MAX_OTHER:
        raise AdminError(f"a text has {MAX_TEXT:,} characters at most, sender and label {MAX_OTHER}")
    for template in (mapping.text, mapping.sender, mapping.label):
        unknown = [name for name in names_in(template) if name not in columns]
        if unknown:
            raise AdminError(f"the table has no column `{unknown[0]}`; it has {', '.join(columns)}")
    return Recipe(columns, mapping)
