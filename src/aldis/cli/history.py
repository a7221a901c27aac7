"""`aldis history` and `aldis undo`: what became of the directory, and taking a change back."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.admin.directory import DirectoryEditor
from aldis.admin.history import KINDS, DescribedChange, History
from aldis.app.stores import open_store
from aldis.cli.admin import whoever_runs_this
from aldis.cli.running import (
    config_option,
    data_dir_option,
    existing_store,
    printable,
    run,
    settings_or_default,
)
from aldis.clock import as_datetime
from aldis.settings import Settings
from aldis.store.contract.store import Store

#: differences of one change that are listed
MAX_LISTED = 8


@click.command()
@click.argument("kind", default="", type=click.Choice(["", *KINDS]), metavar="[KIND]")
@click.argument("name", default="")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500), help="How many at most.")
@click.option("--before", default=0, type=click.IntRange(0), help="Only changes with smaller numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
def history(
    *, kind: str, name: str, limit: int, before: int, as_json: bool, config_file: Path, data_dir: Path
) -> None:
    """Tell what became of the directory, newest first: of all of it, of a KIND (account, carrier, routes,
    prices, credit), or of one record.
    """
    settings = existing_store(settings_or_default(config_file), data_dir)
    found = run(_history(settings, data_dir, (kind, name or "*"), before, limit))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([document(told) for told in found])).decode())
    elif not found:
        click.echo("nothing has changed yet")
    else:
        _print(found)


@click.command()
@click.argument("change", type=click.IntRange(1))
@config_option
@data_dir_option
def undo(*, change: int, config_file: Path, data_dir: Path) -> None:
    """Bring a record back to what it was before CHANGE, a number that `aldis history` tells."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    for line in run(_undo(settings, data_dir, change)):
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


async def _history(
    settings: Settings, data_dir: Path, which: tuple[str, str], before: int, limit: int
) -> list[DescribedChange]:
    store = open_store(settings, data_dir)
    try:
        return await _past(store).changes(*which, before, limit)
    finally:
        await store.close()


async def _undo(settings: Settings, data_dir: Path, change: int) -> tuple[str, ...]:
    store = open_store(settings, data_dir)
    try:
        past = _past(store)
        return (await past.undo(whoever_runs_this(), change, store.clock.now())).lines
    finally:
        await store.close()


def _print(found: list[DescribedChange]) -> None:
    table = Table("change", "when", "who", "what", "differences")
    for told in found:
        change = told.change
        when = as_datetime(change.at).strftime("%Y-%m-%d %H:%M:%S")
        what = f"{change.kind} {change.key}".rstrip()
        if change.undoes:
            what += f", takes back {change.undoes}"
        lines = [f"{d.path}: {d.before or '-'} → {d.after or '-'}" for d in told.differences[:MAX_LISTED]]
        if len(told.differences) > MAX_LISTED:
            lines.append(f"and {len(told.differences) - MAX_LISTED} more")
        cells = (f"{change.actor}, {change.via}", what, "\n".join(map(printable, lines)))
        table.add_row(str(change.change_id), when, *(escape(cell) for cell in cells))
    Console().print(table)


def _past(store: Store) -> History:
    return History(store.changes, DirectoryEditor(store.changes, store.consent))
