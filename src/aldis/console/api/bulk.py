"""Sending to many, for programs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.console.api.exchange import (
    MAX_DIGITS,
    answered,
    body_of,
    key_of,
    number_in_path,
    number_in_query,
    problem,
)
from aldis.console.api.sending import KEY
from aldis.console.page import Call, Handler, Page, Visit
from aldis.dialects.native.reply import instant
from aldis.dialects.native.sending import PRIORITIES, fingerprint_of
from aldis.operating.bulk import ACTIONS, NewJob, Preview
from aldis.operating.sending import Refused
from aldis.operating.table import MAX_COLUMNS, MAX_ROWS
from aldis.traffic.bulk import Job, JobState, Mapping

MAX_PAGE = 1000
EVER = 10**MAX_DIGITS
Cell = Annotated[str, msgspec.Meta(max_length=10_000)]


class BulkWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table to be sent for an account; {column} in a template stands for the row's cell."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    name: Annotated[str, msgspec.Meta(max_length=100)] = "from the API"
    columns: Annotated[list[Cell], msgspec.Meta(min_length=1, max_length=MAX_COLUMNS)]
    rows: Annotated[list[list[Cell]], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
    #: the column with the numbers
    recipient: str
    text: str
    sender: str = msgspec.field(default="", name="from")
    label: str = ""
    priority: Annotated[str, msgspec.Meta(pattern="^(bulk_low|bulk|interactive_low|interactive)$")] = "bulk"
    #: false: it waits until it is started
    start: bool = True


class BulkJob(msgspec.Struct, frozen=True):
    """A job, and how far it has come."""

    id: int
    name: str
    account: str
    state: JobState
    rows: int
    accepted: int
    refused: int
    #: why it paused by itself
    why: str
    made_by: str
    made_at: str
    ended_at: str | None


class BulkJobs(msgspec.Struct, frozen=True):
    """Jobs, newest first."""

    jobs: list[BulkJob]
    #: give it as `before` for those behind; None: there are none
    next: int | None


class RefusedRow(msgspec.Struct, frozen=True):
    """A row that was not sent."""

    number: int
    cells: list[str]
    fault: str


class RefusedRows(msgspec.Struct, frozen=True):
    """Rows that were not sent."""

    rows: list[RefusedRow]
    #: give it as `after` for those behind; None: there are none
    next: int | None


def _shown(job: Job) -> BulkJob:
    return BulkJob(
        id=job.job_id,
        name=job.name,
        account=job.account,
        state=job.state,
        rows=job.total,
        accepted=job.accepted,
        refused=job.refused,
        why=job.why,
        made_by=job.made_by,
        made_at=instant(job.made_at),
        ended_at=instant(job.ended_at) if job.ended_at else None,
    )


async def _list(visit: Visit) -> Response:
    before = number_in_query(visit, "before", 0, EVER)
    limit = max(1, number_in_query(visit, "limit", 50, MAX_PAGE))
    jobs = await visit.desk.bulk.jobs(before, limit)
    following = jobs[-1].job_id if len(jobs) == limit else None
    return answered(BulkJobs([_shown(job) for job in jobs], following))


async def _make(visit: Visit) -> Response:
    bulk, now = visit.desk.bulk, visit.desk.clock.now()
    try:
        key = key_of(visit) or ""
        wanted = await body_of(visit, BulkWanted)
    except Refused as fault:
        return problem(fault)
    mapping = Mapping(wanted.recipient, wanted.text, wanted.sender, wanted.label, PRIORITIES[wanted.priority])
    fingerprint = fingerprint_of(await visit.request.body()) if key else ""
    job = NewJob(wanted.account, wanted.name, tuple(wanted.columns), mapping, key, fingerprint)
    job_id = await bulk.load(visit.actor, job, [tuple(row) for row in wanted.rows], now)
    if wanted.start and (await bulk.job(job_id)).state is JobState.READY:
        await bulk.start(visit.actor, job_id, now)
    return answered(_shown(await bulk.job(job_id)), 201, {"location": f"/v1/bulk/{job_id}"})


async def _one(visit: Visit) -> Response:
    return answered(_shown(await visit.desk.bulk.job(number_in_path(visit))))


async def _preview(visit: Visit) -> Response:
    job = await visit.desk.bulk.job(number_in_path(visit))
    return answered(await visit.desk.bulk.preview(visit.desk.sending, job, job.mapping))


async def _refused(visit: Visit) -> Response:
    job = await visit.desk.bulk.job(number_in_path(visit))
    after = number_in_query(visit, "after", 0, EVER)
    limit = max(1, number_in_query(visit, "limit", 100, MAX_PAGE))
    rows = await visit.desk.bulk.refused(job.job_id, after, limit)
    shown = [RefusedRow(row.number, list(row.cells), row.fault) for row in rows]
    return answered(RefusedRows(shown, rows[-1].number if len(rows) == limit else None))


async def _start(visit: Visit) -> Response:
    job_id = number_in_path(visit)
    await visit.desk.bulk.start(visit.actor, job_id, visit.desk.clock.now())
    return answered(_shown(await visit.desk.bulk.job(job_id)))


def _acting(action: str) -> Handler:
    async def act(visit: Visit) -> Response:
        """Pause, resume or cancel."""
        job_id = number_in_path(visit)
        await visit.desk.bulk.act(visit.actor, job_id, action, visit.desk.clock.now())
        return answered(_shown(await visit.desk.bulk.job(job_id)))

    return act


_PAGED = {"limit": f"how many, up to {MAX_PAGE}"}
_KINDS = {
    "limit": Annotated[int, msgspec.Meta(ge=0, le=MAX_PAGE)],
    "before": Annotated[int, msgspec.Meta(ge=0, lt=EVER)],
    "after": Annotated[int, msgspec.Meta(ge=0, lt=EVER)],
}
_EXAMPLE = {
    "account": "demo",
    "columns": ["number", "name"],
    "rows": [["4512345678", "Ann"], ["4512345679", "Bo"]],
    "recipient": "number",
    "text": "Hello {name}",
    "start": False,
}

PAGES = (
    Page(
        "/v1/bulk",
        _list,
        call=Call(
            summary="List bulk jobs, newest first",
            gives=BulkJobs,
            query={"before": "a job's number: those before it", **_PAGED},
            kinds=_KINDS,
        ),
    ),
    Page(
        "/v1/bulk",
        _make,
        Role.OPERATOR,
        ("POST",),
        uploads=True,
        call=Call(
            summary="Send a table for an account",
            takes=BulkWanted,
            gives=BulkJob,
            status=201,
            headers=KEY,
            example=_EXAMPLE,
        ),
    ),
    Page("/v1/bulk/{id}", _one, call=Call(summary="Tell how far a job has come", gives=BulkJob)),
    Page(
        "/v1/bulk/{id}/preview",
        _preview,
        Role.OPERATOR,
        call=Call(summary="Tell what a job would send and cost", gives=Preview),
    ),
    Page(
        "/v1/bulk/{id}/refused",
        _refused,
        call=Call(
            summary="List the rows of a job that were refused",
            gives=RefusedRows,
            query={"after": "a row's number: those behind it", **_PAGED},
            kinds=_KINDS,
        ),
    ),
    Page(
        "/v1/bulk/{id}/start",
        _start,
        Role.OPERATOR,
        ("POST",),
        call=Call(summary="Start a job that waits", gives=BulkJob),
    ),
    *(
        Page(
            f"/v1/bulk/{{id}}/{action}",
            _acting(action),
            Role.OPERATOR,
            ("POST",),
            call=Call(summary=f"{action.capitalize()} a job", gives=BulkJob),
        )
        for action in ACTIONS
    ),
)
