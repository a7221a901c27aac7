"""`aldis send NUMBER TEXT`: one message, accepted by the gateway that runs beside.

It becomes a bulk job of one row, because the gateway alone may accept: only it knows its links and wakes its
senders. It picks the job up within half a second.
"""

from __future__ import annotations

import asyncio

import click
import msgspec

from aldis.admin.bulk import Bulk, NewJob
from aldis.app.stores import is_served
from aldis.cli.admin import whoever_runs_this
from aldis.cli.opened import StoreLocation, existing_store_options
from aldis.cli.running import json_option
from aldis.clock import Clock
from aldis.errors import GatewayError
from aldis.store.contract.store import Store
from aldis.traffic.bulk import Job, JobState, Mapping, Row
from aldis.traffic.submission import Priority

COLUMNS = ("number", "text", "sender", "label")
#: how long the gateway may take
PATIENCE_S = 10.0
POLL_S = 0.05


@click.command()
@click.argument("number")
@click.argument("text")
@click.option("--account", required=True, help="Whose message it is.")
@click.option("--from", "sender", default="", help="The sender; the account's default one if left out.")
@click.option("--label", default="", help="Under which its use is counted.")
@json_option
@existing_store_options
def send(
    *,
    number: str,
    text: str,
    account: str,
    sender: str,
    label: str,
    as_json: bool,
    where: StoreLocation,
) -> None:
    """Send TEXT to NUMBER for an account, through the running gateway."""
    if not is_served(where.data_dir):
        raise GatewayError(f"no gateway is running over {where.data_dir}: start one with `aldis serve`")
    message_id = where.run(lambda store: _send(store, account, (number, text, sender, label)))
    if as_json:
        click.echo(msgspec.json.encode({"message_id": message_id}).decode())
    else:
        click.echo(f"accepted as message {message_id}; `aldis message {message_id}` tells what becomes of it")


async def _send(store: Store, account: str, cells: tuple[str, ...]) -> int:
    clock, actor = store.clock, whoever_runs_this()
    directory = await store.directory.load()
    jobs = Bulk(store.bulk, lambda: directory, lambda: None)
    mapping = Mapping("number", "{text}", "{sender}", "{label}", Priority.INTERACTIVE_LOW)
    wanted = NewJob(account, "aldis send", COLUMNS, mapping)
    job_id = await jobs.load(actor, wanted, [cells], clock.now())
    await jobs.start(actor, job_id, clock.now())
    job, row = await _outcome(store, job_id, clock.monotonic() + PATIENCE_S, clock)
    why = job.why
    if not row.message_id and not row.fault:  # nothing may be sent when nobody waits for it any more
        if job.state in (JobState.RUNNING, JobState.PAUSED):
            await jobs.act(actor, job_id, "cancel", clock.now())
        job, row = await _outcome(store, job_id, clock.monotonic() + 1.0, clock)
    if row.message_id:
        return row.message_id
    raise GatewayError(
        row.fault or why or f"the gateway did not take it within {PATIENCE_S:.0f} s; nothing was sent"
    )


async def _outcome(store: Store, job_id: int, until: float, clock: Clock) -> tuple[Job, Row]:
    """Wait until the row has one, or the job pauses, or the time is over."""
    while True:
        job = await store.bulk.job(job_id)
        (row,) = await store.bulk.rows(job_id, 0, 1)
        if job is None:
            raise GatewayError("the job has gone")
        is_over = row.message_id or row.fault or job.state is JobState.PAUSED
        if is_over or clock.monotonic() >= until:
            return job, row
        await asyncio.sleep(POLL_S)
