"""Sending a table: upload, columns, what it will cost, progress, what was refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.bulk import ACTIONS, NewJob
from aldis.admin.csv_export import refused_lines
from aldis.admin.csv_import import read_table
from aldis.console.page import Page, RequestContext, render, see_other
from aldis.console.pages.listing import as_file
from aldis.dialects.sending import PRIORITIES
from aldis.errors import AdminError
from aldis.traffic.bulk import Job, JobState, Mapping

#: refused rows shown on the page; all are in the file
SHOWN = 20


async def _page(context: RequestContext, fault: str = "", status: int = 200) -> Response:
    jobs = await context.services.bulk.jobs(query_params.number(context.request.query_params, "before"))
    accounts = context.services.sending.accounts()
    return render(
        context, "bulk.html", status=status, jobs=jobs, accounts=accounts, fault=fault, form=context.form
    )


async def _upload(context: RequestContext) -> Response:
    form, now = context.form, context.now
    try:
        table = await asyncio.to_thread(read_table, form.get("file", ""))
        mapping = Mapping(table.number_column, table.likely_text)
        wanted = NewJob(
            form.get("account", ""), form.get("name", "").strip() or "table", table.columns, mapping
        )
        job_id = await context.services.bulk.load(context.actor, wanted, table.rows, now)
    except AdminError as fault:
        return await _page(context, str(fault), fault.status)
    return see_other(f"/compose/bulk/{job_id}")


async def _one(context: RequestContext) -> Response:
    job = await context.services.bulk.job(context.number("id"))
    return await _job_page(context, job, job.mapping)


async def _job_page(
    context: RequestContext, job: Job, mapping: Mapping, fault: str = "", status: int = 200
) -> Response:
    return render(
        context,
        "bulk_job.html",
        status=status,
        job=job,
        mapping=mapping,
        priorities=[(name, value) for name, value in PRIORITIES.items()],
        refused=await context.services.bulk.refused(job.job_id, 0, SHOWN) if job.refused else [],
        fault=fault,
    )


def _mapping_of(form: dict[str, str]) -> Mapping:
    text = form.get("text", "").replace("\r\n", "\n")
    priority = PRIORITIES.get(form.get("priority", ""), PRIORITIES["bulk"])
    return Mapping(
        form.get("recipient", ""), text, form.get("from", "").strip(), form.get("label", ""), priority
    )


async def _look(context: RequestContext) -> Response:
    """Tell what the table would send with the mapping that is being written."""
    job = await context.services.bulk.job(context.number("id"))
    try:
        preview = await context.services.bulk.preview(
            context.services.sending, job, _mapping_of(context.form)
        )
    except AdminError as fault:
        return render(context, "bulk_preview.html", preview=None, fault=str(fault), job=job)
    return render(context, "bulk_preview.html", preview=preview, fault="", job=job)


async def _start(context: RequestContext) -> Response:
    job_id, mapping = context.number("id"), _mapping_of(context.form)
    try:
        await context.services.bulk.start(context.actor, job_id, context.now, mapping)
    except AdminError as fault:
        job = await context.services.bulk.job(job_id)
        return await _job_page(context, job, mapping, str(fault), fault.status)
    return see_other(f"/compose/bulk/{job_id}")


async def _act(context: RequestContext) -> Response:
    job_id, action = context.number("id"), context.form.get("action", "")
    if action not in ACTIONS:
        raise AdminError("there is no such action")
    await context.services.bulk.act(context.actor, job_id, action, context.now)
    return see_other(f"/compose/bulk/{job_id}")


async def _progress(context: RequestContext) -> Response:
    job = await context.services.bulk.job(context.number("id"))
    answer = render(context, "bulk_progress.html", job=job)
    if context.is_htmx and job.state is not JobState.RUNNING:
        answer.headers["hx-refresh"] = "true"  # its buttons and its refused rows are others now
    return answer


async def _refused(context: RequestContext) -> Response:
    job = await context.services.bulk.job(context.number("id"))
    return as_file(_marked(refused_lines(context.services.bulk, job)), f"bulk-{job.job_id}-refused.csv")


async def _marked(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """Begin with what tells spreadsheets that this is UTF-8."""
    yield "\ufeff"
    async for line in lines:
        yield line


PAGES = (
    Page("/compose/bulk", _page, Role.OPERATOR),
    Page("/compose/bulk", _upload, Role.OPERATOR, ("POST",), uploads=True),
    Page("/compose/bulk/{id:number}", _one, Role.OPERATOR),
    Page("/compose/bulk/{id:number}/look", _look, Role.OPERATOR, ("POST",), only_looks=True),
    Page("/compose/bulk/{id:number}/start", _start, Role.OPERATOR, ("POST",)),
    Page("/compose/bulk/{id:number}/act", _act, Role.OPERATOR, ("POST",)),
    Page("/compose/bulk/{id:number}/progress", _progress, Role.OPERATOR),
    Page("/compose/bulk/{id:number}/refused.csv", _refused, Role.OPERATOR),
)
