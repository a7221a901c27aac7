"""`aldis postbacks`: dead letters, what is pending by account and endpoint, one whole, and trying them now.

All of it is safe beside a running gateway: it finds what is due by itself.
"""

from __future__ import annotations

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.admin import query_params
from aldis.admin.postbacks import WAITS, ShownPostback
from aldis.admin.timeline import fault_of
from aldis.cli.admin import whoever_runs_this
from aldis.cli.door import DoorClient
from aldis.cli.messages import search_options
from aldis.cli.opened import Opened, StoreLocation, as_json, existing_store_options, print_wide, when
from aldis.cli.running import NUMBER, limit_option, printable
from aldis.errors import AdminError
from aldis.settings import HttpSettings
from aldis.stages.postbacks.lanes import WaitsFor
from aldis.store.contract.outbox import LaneFacts, PostbackFilter, PostbackRow

#: an account, and what of its is pending at one endpoint
PendingLane = tuple[str, LaneFacts]
#: so many of those that wait are named, and what has been due for so long waits
WORST, WAITS_MS = 5, 1_000


@click.command()
@search_options("lane", "event", "account")
@limit_option(20, 500)
@click.option("--pending", is_flag=True, help="List instead what is pending, by account and endpoint.")
@click.option(
    "--replay",
    default="",
    metavar="WHICH",
    help="Have postbacks tried now: one by its id, or `all` that are meant, dead letters or --pending ones.",
)
@click.option(
    "--show", type=NUMBER, default=0, metavar="ID", help="Show one: what is posted, and what was answered."
)
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@existing_store_options
def postbacks(
    *, limit: int, pending: bool, replay: str, show: int, as_json_: bool, where: StoreLocation, **given: str
) -> None:
    """List dead letters (postbacks whose retries are exhausted), newest first, or have them tried now."""
    if show:
        told = where.look(lambda known: known.postbacks.tell(show, known.store.clock.now()))
        click.echo(as_json(told)) if as_json_ else _print(told)
        return
    if replay:
        count = where.look(lambda known: _replay(known, replay, given, pending=pending))
        click.echo(as_json({"replayed": count}) if as_json_ else f"{count} due again")
        return
    if pending:
        lanes, remarks = where.look(lambda known: _pending(known, where.settings.http))
        facts = [{"account": account, **msgspec.structs.asdict(each)} for account, each in lanes]
        _list(facts, _lane_table(lanes), "nothing is pending", as_json_=as_json_)
        if not as_json_:
            for line in remarks:
                click.echo(line)
        return
    found = where.look(lambda known: _dead_letters(known, given, limit))
    _list(found, _table(found), "no dead letters", as_json_=as_json_)


def _list(found: object, table: Table, nothing: str, *, as_json_: bool) -> None:
    if as_json_:
        click.echo(as_json(found))
    else:
        print_wide(table if found else nothing)


async def _pending(known: Opened, http: HttpSettings) -> tuple[list[PendingLane], list[str]]:
    """Look at what is pending, and say where nothing is posted any more, and what lanes wait for."""
    name_of, postbacks = known.messages.account_name, known.postbacks
    lanes = [(name_of(each.account_id or None), each) for each in await postbacks.lanes()]
    ended = [
        f"ended by an answer of 410 at {when(each.ended_at)}: {name_of(each.account_id)}, {each.url}"
        for each in await postbacks.ended_webhooks()
    ]
    async with DoorClient(http) as door:
        waits = await door.postback_waits()
    waiting = [
        f"{count} lanes wait for {WAITS[WaitsFor(waits_for)]}" for waits_for, count in waits.items() if count
    ]
    return lanes, ended + waiting + (_worst(lanes, known.store.clock.now()) if waiting else [])


def _worst(lanes: list[PendingLane], now: int) -> list[str]:
    """Name where most waits of what has been due for a while, a few only."""
    late = [(name, each) for name, each in lanes if each.next_due_at <= now - WAITS_MS]
    late.sort(key=lambda lane: -lane[1].pending)
    return [
        f"  {name} at {each.lane}: {each.pending} pending, due since {when(each.next_due_at)}"
        for name, each in late[:WORST]
    ]


async def _replay(known: Opened, which: str, given: dict[str, str], *, pending: bool) -> int:
    actor, now = whoever_runs_this(), known.store.clock.now()
    if which == "all" and pending:
        return await known.postbacks.try_now(actor, _wanted(known, given), now)
    if which == "all":
        return await known.postbacks.replay_all(actor, _wanted(known, given), now)
    number = query_params.whole(which)
    if number is None:
        raise AdminError("--replay takes the id of a postback, or `all`")
    await known.postbacks.replay(actor, number, now)
    return 1


def _wanted(known: Opened, given: dict[str, str]) -> PostbackFilter:
    return query_params.postbacks_wanted(given, known.messages.directory)


async def _dead_letters(known: Opened, given: dict[str, str], limit: int) -> list[PostbackRow]:
    return list((await known.postbacks.dead_letters(_wanted(known, given), 0, limit)).found)


def _table(found: list[PostbackRow]) -> Table:
    headings = ("id", "about", "number", "lane", "event", "happened", "attempts", "last answer")
    table = Table(*headings, box=None, pad_edge=False)
    for each in found:
        about = f"{'inbound' if each.event == 'inbound' else 'message'} {each.message_id}"
        met = fault_of(each.last_http_status, each.last_fault)
        cells = (each.number, each.lane, f"{each.event} {each.state}")
        table.add_row(
            str(each.postback_id),
            about,
            *map(escape, cells),
            when(each.happened_at),
            str(each.attempts),
            escape(met),
        )
    return table


def _lane_table(lanes: list[PendingLane]) -> Table:
    headings = ("account", "endpoint", "pending", "oldest event", "next due", "last error")
    table = Table(*headings, box=None, pad_edge=False)
    for account, each in lanes:
        met = fault_of(each.last_http_status, each.last_fault) if each.last_fault else ""
        table.add_row(
            escape(account),
            escape(each.lane),
            str(each.pending),
            when(each.oldest_at),
            when(each.next_due_at),
            escape(met),
        )
    return table


def _print(told: ShownPostback) -> None:
    row, request, console = told.row, told.request, Console(highlight=False, soft_wrap=True)
    lines = [f"postback {row.postback_id}: {row.event} {row.state} of {row.message_id}, to {row.lane}"]
    if request is None:
        lines.append(f"nothing can be posted: {told.fault}")
    else:
        lines.append(f"{request.method} {request.url}")
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        hidden = f"({request.octets} octets; the settings show no bodies)"
        lines += ["", printable(hidden if request.body is None else request.body)]
    for each in told.tries:
        met = each.fault or f"taken: {each.http_status}"
        lines.append(f"{when(each.tried_at)}  {met}  {printable(each.answer)}".rstrip())
    for line in lines:
        console.print(line, markup=False)
