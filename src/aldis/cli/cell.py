"""`aldis cell`: the cells, each a database with its gateways and accounts."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from aldis.app.cells import look_at_cells
from aldis.cli.opened import cell as shown_in
from aldis.cli.opened import echo_json
from aldis.cli.running import config_option, data_dir_option, json_option, run, settings_or_default

ALONE = "the settings name no cells: there is one database"


@click.group(invoke_without_command=True)
@json_option
@config_option
@data_dir_option
@click.pass_context
def cell(context: click.Context, *, as_json: bool, config_file: Path, data_dir: Path) -> None:
    """List the cells: whether each can be reached, and what it does not know yet."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_or_default(config_file)
    found = [] if settings.cells is None else run(look_at_cells(settings, data_dir))
    if as_json:
        echo_json(found)
        return
    if not found:
        click.echo(ALONE)
        return
    table = Table("cell", "accounts", "directory", "standing")
    for each in found:
        changed = "is changed here" if each.is_home else ""
        standing = "this one" if each.is_ours else each.standing
        table.add_row(*map(shown_in, (each.name, str(each.accounts), changed, standing)))
    Console().print(table)
