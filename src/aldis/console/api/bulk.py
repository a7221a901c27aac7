"""Sending to many, for programs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin.bulk import ACTIONS, NewJob, Preview
from aldis.admin.csv_import import MAX_COLUMNS, MAX_ROWS
from aldis.clock import as_iso, iso_or_none
from aldis.console.api.documents import (
    NEWEST_FIRST,
    UPWARDS,
    Number,
    answer,
    body_of,
    key_of,
    limit_of,
    made_of,
    number_of,
)
from aldis.console.api.sending import KEY
from aldis.console.page import Calls, Handler, RequestContext
from aldis.dialects.sending import PRIORITIES, fingerprint_of
from aldis.traffic.bulk import Job, JobState, Mapping

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


CALLS = Calls()
_EXAMPLE = {
    "account": "demo",
    "columns": ["number", "name"],
    "rows": [["4512345678", "Ann"], ["4512345679", "Bo"]],
    "recipient": "number",
    "text": "Hello {name}",
    "start": False,
}


def _shown(job: Job) -> BulkJob:
    made_at, ended_at = as_iso(job.made_at), iso_or_none(job.ended_at)
    return made_of(BulkJob, job, id=job.job_id, rows=job.total, made_at=made_at, ended_at=ended_at)


@CALLS.add("GET", "/v1/bulk", "List bulk jobs, newest first", gives=BulkJobs, query=NEWEST_FIRST)
async def _list(context: RequestContext) -> Response:
    limit = limit_of(context)
    jobs = await context.services.bulk.jobs(number_of(context, "before"), limit)
    following = jobs[-1].job_id if len(jobs) == limit else None
    return answer(BulkJobs([_shown(job) for job in jobs], following))


@CALLS.add(
    "POST",
    "/v1/bulk",
    "Send a table for an account",
    Role.OPERATOR,
    uploads=True,
    takes=BulkWanted,
    gives=BulkJob,
    status=201,
    headers=KEY,
    example=_EXAMPLE,
)
async def _make(context: RequestContext) -> Response:
    bulk, now = context.services.bulk, context.now
    key = key_of(context) or ""
    wanted = await body_of(context, BulkWanted)
    mapping = Mapping(wanted.recipient, wanted.text, wanted.sender, wanted.label, PRIORITIES[wanted.priority])
    fingerprint = fingerprint_of(await context.request.body()) if key else ""
    job = NewJob(wanted.account, wanted.name, tuple(wanted.columns), mapping, key, fingerprint)
    job_id = await bulk.load(context.actor, job, [tuple(row) for row in wanted.rows], now)
    if wanted.start and (await bulk.job(job_id)).state is JobState.READY:
        await bulk.start(context.actor, job_id, now)
    return answer(_shown(await bulk.job(job_id)), 201, {"location": f"/v1/bulk/{job_id}"})


@CALLS.add("GET", "/v1/bulk/{id:number}", "Tell how far a job has come", gives=BulkJob)
async def _one(context: RequestContext) -> Response:
    return answer(_shown(await context.services.bulk.job(context.number("id"))))


@CALLS.add(
    "GET", "/v1/bulk/{id:number}/preview", "Tell what a job would send and cost", Role.OPERATOR, gives=Preview
)
async def _preview(context: RequestContext) -> Response:
    job = await context.services.bulk.job(context.number("id"))
    return answer(await context.services.bulk.preview(context.services.sending, job, job.mapping))


@CALLS.add(
    "GET",
    "/v1/bulk/{id:number}/refused",
    "List the rows of a job that were refused",
    gives=RefusedRows,
    query=UPWARDS,
    kinds={"after": Number},
)
async def _refused(context: RequestContext) -> Response:
    after, limit = number_of(context, "after"), limit_of(context)
    job = await context.services.bulk.job(context.number("id"))
    rows = await context.services.bulk.refused(job.job_id, after, limit)
    shown = [RefusedRow(row.number, list(row.cells), row.fault) for row in rows]
    return answer(RefusedRows(shown, rows[-1].number if len(rows) == limit else None))


@CALLS.add("POST", "/v1/bulk/{id:number}/start", "Start a job that waits", Role.OPERATOR, gives=BulkJob)
async def _start(context: RequestContext) -> Response:
    await context.services.bulk.start(context.actor, context.number("id"), context.now)
    return await _one(context)


def _acting(action: str) -> Handler:
    async def act(context: RequestContext) -> Response:
        """Pause, resume or cancel."""
        await context.services.bulk.act(context.actor, context.number("id"), action, context.now)
        return await _one(context)

    return act


for action in ACTIONS:
    CALLS.add(
        "POST",
        f"/v1/bulk/{{id:number}}/{action}",
        f"{action.capitalize()} a job",
        Role.OPERATOR,
        gives=BulkJob,
    )(_acting(action))
