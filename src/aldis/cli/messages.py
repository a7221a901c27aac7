"""`aldis messages`: finds messages by anything, newest first; for programs --json, for spreadsheets --csv."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from aldis.admin import query_params
from aldis.admin.csv_export import message_lines
from aldis.admin.message_document import MessageRecord, as_record
from aldis.admin.query_params import MESSAGE_FIELDS, STATES
from aldis.cli.opened import Opened, StoreLocation, as_json, cell, existing_store_options, print_wide
from aldis.cli.running import limit_option
from aldis.store.contract.search import MessageFilter

_HELP = {
    "id": "The message id.",
    "number": "The recipient.",
    "state": f"One or several with commas: {', '.join(STATES)}.",
    "since": "A time such as 2026-11-26T10:00 (UTC), a day, or how long ago: 90m, 24h, 7d.",
    "until": "As --since; a day counts whole.",
}


def search_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options that searches share."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        """Add them, the first on top of the help."""
        for name in reversed(names):
            words = _HELP.get(name, f"The {name}.")
            command = click.option(f"--{name}", default="", help=words)(command)
        return command

    return add


@click.command()
@click.argument("text", default="")
@search_options(*MESSAGE_FIELDS)
@limit_option(20, 1000)
@click.option("--counts", is_flag=True, help="Count all messages by state instead.")
@click.option("--csv", "as_csv", is_flag=True, help="Print all that are found as CSV.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@existing_store_options
def messages(
    *,
    text: str,
    limit: int,
    counts: bool,
    as_csv: bool,
    as_json_: bool,
    where: StoreLocation,
    **given: str,
) -> None:
    """List the newest messages, or those with TEXT as their id, reference or recipient."""
    if counts:
        states = where.look(lambda known: known.store.metrics.count_by_state())
        lines = "\n".join(f"{count:>10}  {state}" for state, count in sorted(states.items()))
        click.echo(as_json(states) if as_json_ else lines or "no messages")
    elif as_csv:
        where.look(lambda known: _export(known, text, given))
    else:
        found = where.look(lambda known: _find(known, text, given, limit))
        if as_json_:
            click.echo(as_json(found))
        else:
            _print(found)


async def _wanted(known: Opened, text: str, given: dict[str, str]) -> MessageFilter:
    wanted = query_params.messages_wanted(given, known.messages.directory, known.store.clock.now())
    return await known.messages.guess(text, wanted)


async def _find(known: Opened, text: str, given: dict[str, str], limit: int) -> list[MessageRecord]:
    """Find so many, however far back that is."""
    wanted = await _wanted(known, text, given)
    found: list[MessageRecord] = []
    before = 0
    while len(found) < limit:
        page = await known.messages.search(wanted, before, limit - len(found))
        found += [as_record(known.messages, each) for each in page.found]
        before = page.next_before
        if not before:
            break
    return found


async def _export(known: Opened, text: str, given: dict[str, str]) -> None:
    async for line in message_lines(known.messages, await _wanted(known, text, given)):
        click.echo(line, nl=False)


def _print(found: list[MessageRecord]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "accepted", "dialect", "reference", "from", "to", "seg", "state", "reason"):
        table.add_column(heading, no_wrap=True, overflow="fold" if heading == "reason" else "ellipsis")
    for item in found:
        table.add_row(
            str(item.message_id),
            (item.accepted_at or "")[5:19].replace("T", " "),
            item.dialect,
            cell(item.reference),
            cell(item.sender),
            item.recipient,
            str(item.segments),
            item.state,
            escape(item.reason),
        )
    print_wide(table if found else "no messages")
