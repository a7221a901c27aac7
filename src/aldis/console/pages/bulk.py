"""Sending a table: upload, columns, what it will cost, progress, what was refused."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from aldis.accounts.staff import Role
from aldis.console.api.exchange import MAX_DIGITS, number_in_path, number_in_query
from aldis.console.page import Page, Visit, render, see_other
from aldis.dialects.native.sending import PRIORITIES
from aldis.errors import OperatingError
from aldis.operating.bulk import ACTIONS, Bulk, NewJob
from aldis.operating.table import read_table
from aldis.traffic.bulk import Job, JobState, Mapping

#: refused rows shown on the page; all are in the file
SHOWN = 20
CHUNK = 1000


async def _list(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, fault: str = "", status: int = 200) -> Response:
    jobs = await visit.desk.bulk.jobs(number_in_query(visit, "before", 0, 10**MAX_DIGITS))
    accounts = visit.desk.sending.accounts()
    return render(
        visit, "bulk.html", status=status, jobs=jobs, accounts=accounts, fault=fault, form=visit.form
    )


async def _upload(visit: Visit) -> Response:
    form, now = visit.form, visit.desk.clock.now()
    try:
        table = await asyncio.to_thread(read_table, form.get("file", ""))
        mapping = Mapping(table.number_column, table.likely_text)
        wanted = NewJob(
            form.get("account", ""), form.get("name", "").strip() or "table", table.columns, mapping
        )
        job_id = await visit.desk.bulk.load(visit.actor, wanted, table.rows, now)
    except OperatingError as fault:
        return await _page(visit, str(fault), fault.status)
    return see_other(f"/compose/bulk/{job_id}")


async def _one(visit: Visit) -> Response:
    job = await visit.desk.bulk.job(number_in_path(visit))
    return await _job_page(visit, job, job.mapping)


async def _job_page(visit: Visit, job: Job, mapping: Mapping, fault: str = "", status: int = 200) -> Response:
    return render(
        visit,
        "bulk_job.html",
        status=status,
        job=job,
        mapping=mapping,
        priorities=[(name, value) for name, value in PRIORITIES.items()],
        refused=await visit.desk.bulk.refused(job.job_id, 0, SHOWN) if job.refused else [],
        fault=fault,
    )


def _mapping_of(form: dict[str, str]) -> Mapping:
    text = form.get("text", "").replace("\r\n", "\n")
    priority = PRIORITIES.get(form.get("priority", ""), PRIORITIES["bulk"])
    return Mapping(
        form.get("recipient", ""), text, form.get("from", "").strip(), form.get("label", ""), priority
    )


async def _look(visit: Visit) -> Response:
    """Tell what the table would send with the mapping that is being written."""
    job = await visit.desk.bulk.job(number_in_path(visit))
    try:
        preview = await visit.desk.bulk.preview(visit.desk.sending, job, _mapping_of(visit.form))
    except OperatingError as fault:
        return render(visit, "bulk_preview.html", preview=None, fault=str(fault), job=job)
    return render(visit, "bulk_preview.html", preview=preview, fault="", job=job)


async def _start(visit: Visit) -> Response:
    job_id, mapping = number_in_path(visit), _mapping_of(visit.form)
    try:
        await visit.desk.bulk.start(visit.actor, job_id, visit.desk.clock.now(), mapping)
    except OperatingError as fault:
        job = await visit.desk.bulk.job(job_id)
        return await _job_page(visit, job, mapping, str(fault), fault.status)
    return see_other(f"/compose/bulk/{job_id}")


async def _act(visit: Visit) -> Response:
    job_id, action = number_in_path(visit), visit.form.get("action", "")
    if action not in ACTIONS:
        raise OperatingError("there is no such action")
    await visit.desk.bulk.act(visit.actor, job_id, action, visit.desk.clock.now())
    return see_other(f"/compose/bulk/{job_id}")


async def _progress(visit: Visit) -> Response:
    job = await visit.desk.bulk.job(number_in_path(visit))
    answer = render(visit, "bulk_progress.html", job=job)
    if visit.is_htmx and job.state is not JobState.RUNNING:
        answer.headers["hx-refresh"] = "true"  # its buttons and its refused rows are others now
    return answer


async def _refused(visit: Visit) -> Response:
    job = await visit.desk.bulk.job(number_in_path(visit))
    headers = {"content-disposition": f'attachment; filename="bulk-{job.job_id}-refused.csv"'}
    return StreamingResponse(_refused_csv(visit.desk.bulk, job), 200, headers, "text/csv; charset=utf-8")


async def _refused_csv(bulk: Bulk, job: Job) -> AsyncIterator[str]:
    """Write the rows that were refused as they came, with why behind them: mended, they can be sent again."""
    yield "\ufeff" + _line((*job.columns, "why"))
    after = 0
    while rows := await bulk.refused(job.job_id, after, CHUNK):
        width = len(job.columns)
        yield "".join(_line((*row.cells, *[""] * (width - len(row.cells)), row.fault)) for row in rows)
        after = rows[-1].number


def _line(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


PAGES = (
    Page("/compose/bulk", _list, Role.OPERATOR),
    Page("/compose/bulk", _upload, Role.OPERATOR, ("POST",), uploads=True),
    Page("/compose/bulk/{id}", _one, Role.OPERATOR),
    Page("/compose/bulk/{id}/look", _look, Role.OPERATOR, ("POST",), only_looks=True),
    Page("/compose/bulk/{id}/start", _start, Role.OPERATOR, ("POST",)),
    Page("/compose/bulk/{id}/act", _act, Role.OPERATOR, ("POST",)),
    Page("/compose/bulk/{id}/progress", _progress, Role.OPERATOR),
    Page("/compose/bulk/{id}/refused.csv", _refused, Role.OPERATOR),
)
