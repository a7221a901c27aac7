"""`aldis bulk FILE.csv`: sends a table through the gateway that runs beside, and shows how far it has come.

The rows are written into the store; the gateway picks them up within half a second. So this command may end,
or be killed, and the job goes on; `--resume JOB` follows it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as Listing

from aldis.accounts.staff import Actor
from aldis.admin.bulk import Bulk, NewJob
from aldis.admin.csv_export import refused_lines
from aldis.admin.csv_import import Table, read_table
from aldis.app.stores import is_served
from aldis.cli.admin import whoever_runs_this
from aldis.cli.opened import StoreLocation, cell, echo_json, existing_store_options, show, when
from aldis.cli.running import NUMBER, json_option
from aldis.clock import Clock
from aldis.errors import GatewayError
from aldis.store.contract.store import Store
from aldis.traffic.bulk import Job, JobState, Mapping

POLL_S = 0.2
#: jobs in a list
LISTED = 50


#: what is to be done with the jobs of a store
Task = Callable[[Bulk, Actor, Clock], Coroutine[Any, Any, None]]


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--account", default="", help="Whose messages they are.")
@click.option(
    "--text", default="", help="The text; {column} stands for a row's cell. A column `text` needs none."
)
@click.option("--to", "recipient", default="", help="The column with the numbers, if it is not plain.")
@click.option(
    "--from", "sender", default="", help="The sender, or {column}; the account's default if left out."
)
@click.option("--label", default="", help="Under which use is counted.")
@click.option("--resume", type=NUMBER, metavar="JOB", help="Go on with a job; with FILE also load it.")
@click.option("--pause", type=NUMBER, metavar="JOB", help="Have a job wait.")
@click.option("--cancel", type=NUMBER, metavar="JOB", help="Send no more rows of a job.")
@click.option("--refused", "refused_file", type=click.Path(path_type=Path, dir_okay=False, writable=True),
              help="Where to write the rows that were refused.")  # fmt: skip
@json_option
@existing_store_options
def bulk(  # noqa: PLR0913 - one argument an option
    *,
    file: Path | None,
    account: str,
    text: str,
    recipient: str,
    sender: str,
    label: str,
    resume: int | None,
    pause: int | None,
    cancel: int | None,
    refused_file: Path | None,
    as_json: bool,
    where: StoreLocation,
) -> None:
    """Send the table in FILE (CSV) for an account; without FILE, list the jobs."""
    table = None if file is None else _table(file)
    for job_id, action in ((pause, "pause"), (cancel, "cancel")):
        if job_id is not None:
            _over(where, _acting(job_id, action))
            return
    if resume is None and table is None:
        _over(where, _listing(as_json=as_json))
        return
    follow = _Following(where.data_dir, refused_file, as_json=as_json)
    if resume is not None:
        _over(where, _resuming(resume, table, follow))
        return
    if table is None or file is None or not account:
        raise GatewayError("say with --account whose messages they are")
    mapping = Mapping(recipient or table.number_column, text or table.likely_text, sender, label)
    wanted = NewJob(account, file.name, table.columns, mapping)
    _over(where, _sending(wanted, table, follow))


def _table(file: Path) -> Table:
    return read_table(file.read_bytes().decode("utf-8-sig", "replace"))


def _over(where: StoreLocation, task: Task) -> None:
    async def done(store: Store) -> None:
        """Do it with the jobs of the store."""
        directory = await store.directory.load()
        await task(Bulk(store.bulk, lambda: directory, lambda: None), whoever_runs_this(), store.clock)

    where.run(done)


def _acting(job_id: int, action: str) -> Task:
    async def act(bulk: Bulk, actor: Actor, clock: Clock) -> None:
        """Pause or cancel."""
        await bulk.act(actor, job_id, action, clock.now())
        job = await bulk.job(job_id)
        click.echo(f"job {job_id} is {job.state}: {job.accepted} accepted, {job.waiting} not")

    return act


def _listing(*, as_json: bool) -> Task:
    async def listed(bulk: Bulk, _actor: Actor, _clock: Clock) -> None:
        """List the newest jobs."""
        show(await bulk.jobs(limit=LISTED), "no jobs", _jobs_table, as_json=as_json)

    return listed


def _jobs_table(jobs: Sequence[Job]) -> Listing:
    table = Listing("job", "loaded", "name", "account", "state", "rows", "accepted", "refused")
    for job in jobs:
        numbers = (str(number) for number in (job.total, job.accepted, job.refused))
        table.add_row(str(job.job_id), when(job.made_at), cell(job.name), job.account, job.state, *numbers)
    return table


class _Following:
    """Shows how far a job has come until it ends."""

    def __init__(self, data_dir: Path, refused_file: Path | None, *, as_json: bool) -> None:
        self._data_dir = data_dir
        self._refused_file = refused_file
        self._as_json = as_json
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )

    async def follow(self, bulk: Bulk, job_id: int) -> None:
        """Wait for the end. Raises GatewayError unless every row was accepted."""
        if not is_served(self._data_dir):
            click.echo(
                f"no gateway is running over {self._data_dir}: job {job_id} waits until one does; "
                f"follow it with `aldis bulk --resume {job_id}`"
            )
            return
        job = await bulk.job(job_id)
        with self.progress:
            task = self.progress.add_task(f"job {job_id}", total=job.total)
            while job.state is JobState.RUNNING:
                self.progress.update(task, completed=job.accepted + job.refused)
                await asyncio.sleep(POLL_S)
                job = await bulk.job(job_id)
        await self._conclude(bulk, job)

    async def _conclude(self, bulk: Bulk, job: Job) -> None:
        if self._as_json:
            echo_json(job)
        else:
            click.echo(f"job {job.job_id} is {job.state}: {job.accepted} accepted, {job.refused} refused")
        if self._refused_file is not None:
            with self._refused_file.open("w", encoding="utf-8", newline="") as opened:
                async for line in refused_lines(bulk, job):
                    opened.write(line)
        if job.state is not JobState.DONE:
            why = f": {job.why}" if job.why else ""
            raise GatewayError(f"job {job.job_id} is {job.state}{why}; {job.waiting} rows were not sent")
        if job.refused:
            raise GatewayError(f"{job.refused} rows were refused; --refused FILE writes them down")


def _sending(wanted: NewJob, table: Table, following: _Following) -> Task:
    async def send(bulk: Bulk, actor: Actor, clock: Clock) -> None:
        """Load a table and have it sent."""
        job_id = await bulk.open(actor, wanted, clock.now())
        click.echo(f"job {job_id}: `aldis bulk --resume {job_id}` goes on with it", err=True)
        await _fill(bulk, job_id, table, following, clock)
        await bulk.start(actor, job_id, clock.now())
        await following.follow(bulk, job_id)

    return send


async def _fill(bulk: Bulk, job_id: int, table: Table, following: _Following, clock: Clock) -> None:
    with following.progress as progress:
        task = progress.add_task("loading", total=len(table.rows))
        await bulk.fill(job_id, table.rows, clock.now(), lambda count: progress.advance(task, count))
        progress.remove_task(task)


def _resuming(job_id: int, table: Table | None, following: _Following) -> Task:
    async def resume(bulk: Bulk, actor: Actor, clock: Clock) -> None:
        """Go on with a job, wherever it stands."""
        job = await bulk.job(job_id)
        if job.state is JobState.FILLING:
            if table is None or table.columns != job.columns:
                raise GatewayError(f"job {job_id} was not loaded to its end: give its file again")
            await _fill(bulk, job_id, table, following, clock)
            job = await bulk.job(job_id)
        if job.state is JobState.READY:
            await bulk.start(actor, job_id, clock.now())
        elif job.state is JobState.PAUSED:
            await bulk.act(actor, job_id, "resume", clock.now())
        await following.follow(bulk, job_id)

    return resume
