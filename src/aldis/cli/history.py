"""`aldis history` and `aldis undo`: what became of the directory, and taking a change back."""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from aldis.admin.directory import DirectoryEditor
from aldis.admin.history import KINDS, DescribedChange, History
from aldis.cli.admin import whoever_runs_this
from aldis.cli.opened import StoreLocation, echo_json, existing_store_options, show, when
from aldis.cli.running import NUMBER, json_option, limit_option, printable
from aldis.clock import as_datetime
from aldis.store.contract.store import Store

#: differences of one change that are listed
MAX_LISTED = 8


@click.command()
@click.argument("kind", default="", type=click.Choice(["", *KINDS]), metavar="[KIND]")
@click.argument("name", default="")
@limit_option(20, 500)
@click.option("--before", default=0, type=NUMBER, help="Only changes with smaller numbers.")
@json_option
@existing_store_options
def history(*, kind: str, name: str, limit: int, before: int, as_json: bool, where: StoreLocation) -> None:
    """Tell what became of the directory, newest first: of all of it, of a KIND (account, carrier, routes,
    prices, number_ranges, credit), or of one record.
    """
    found = where.run(lambda store: _past(store).changes(kind, name or "*", before, limit))
    if as_json:
        echo_json([document(told) for told in found])
    else:
        show(found, "nothing has changed yet", _table, as_json=False)


@click.command()
@click.argument("change", type=NUMBER)
@existing_store_options
def undo(*, change: int, where: StoreLocation) -> None:
    """Bring a record back to what it was before CHANGE, a number that `aldis history` tells."""
    actor = whoever_runs_this()
    done = where.run(lambda store: _past(store).undo(actor, change, store.clock.now()))
    for line in done.lines:
        click.echo(line)


def document(told: DescribedChange) -> dict[str, object]:
    """Give a change for JSON, without what is secret."""
    change = told.change
    return {
        "change": change.change_id,
        "at": as_datetime(change.at).isoformat(),
        "actor": change.actor,
        "via": change.via,
        "kind": change.kind,
        "name": change.key,
        "undoes": change.undoes or None,
        "differences": told.differences,
    }


def _table(found: list[DescribedChange]) -> Table:
    table = Table("change", "when", "who", "what", "differences")
    for told in found:
        change = told.change
        what = f"{change.kind} {change.key}".rstrip()
        if change.undoes:
            what += f", takes back {change.undoes}"
        lines = [f"{d.path}: {d.before or '-'} → {d.after or '-'}" for d in told.differences[:MAX_LISTED]]
        if len(told.differences) > MAX_LISTED:
            lines.append(f"and {len(told.differences) - MAX_LISTED} more")
        cells = (f"{change.actor}, {change.via}", what, "\n".join(map(printable, lines)))
        table.add_row(str(change.change_id), when(change.at), *map(escape, cells))
    return table


def _past(store: Store) -> History:
    return History(store.changes, DirectoryEditor(store.changes, store.consent))
