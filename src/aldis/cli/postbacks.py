"""`aldis postbacks`: dead letters and their replay, and what is pending by endpoint.

All of it is safe beside a running gateway: it finds what is due by itself.
"""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from aldis.admin import query_params
from aldis.admin.timeline import fault_of
from aldis.cli.admin import whoever_runs_this
from aldis.cli.messages import search_options
from aldis.cli.opened import Opened, StoreLocation, as_json, existing_store_options, print_wide, when
from aldis.cli.running import limit_option
from aldis.errors import AdminError
from aldis.store.contract.outbox import LaneFacts, PostbackFilter, PostbackRow


@click.command()
@search_options("lane", "event", "account")
@limit_option(20, 500)
@click.option("--pending", is_flag=True, help="List instead what is pending, by endpoint.")
@click.option(
    "--replay",
    default="",
    metavar="WHICH",
    help="Make a postback due again: its id, or `all` that are meant.",
)
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@existing_store_options
def postbacks(
    *, limit: int, pending: bool, replay: str, as_json_: bool, where: StoreLocation, **given: str
) -> None:
    """List dead letters (postbacks whose retries are exhausted), newest first, or make them due again."""
    if replay:
        count = where.look(lambda known: _replay(known, replay, given))
        click.echo(as_json({"replayed": count}) if as_json_ else f"{count} due again")
        return
    if pending:
        lanes = where.look(lambda known: known.postbacks.lanes())
        _list(lanes, _lane_table(lanes), "nothing is pending", as_json_=as_json_)
        return
    found = where.look(lambda known: _dead_letters(known, given, limit))
    _list(found, _table(found), "no dead letters", as_json_=as_json_)


def _list(found: object, table: Table, nothing: str, *, as_json_: bool) -> None:
    if as_json_:
        click.echo(as_json(found))
    else:
        print_wide(table if found else nothing)


async def _replay(known: Opened, which: str, given: dict[str, str]) -> int:
    actor, now = whoever_runs_this(), known.store.clock.now()
    if which == "all":
        return await known.postbacks.replay_all(actor, _wanted(known, given), now)
    if not (which.isascii() and which.isdigit()):
        raise AdminError("--replay takes the id of a postback, or `all`")
    await known.postbacks.replay(actor, int(which), now)
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


def _lane_table(lanes: list[LaneFacts]) -> Table:
    table = Table("endpoint", "pending", "oldest event", "next due", "last error", box=None, pad_edge=False)
    for each in lanes:
        met = fault_of(each.last_http_status, each.last_fault) if each.last_fault else ""
        table.add_row(
            escape(each.lane), str(each.pending), when(each.oldest_at), when(each.next_due_at), escape(met)
        )
    return table
