"""`aldis cell`: the cells, each a database with its gateways and accounts; moving an account between them."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from aldis.accounts.price import from_micros
from aldis.app import moving_account
from aldis.app.cells import look_at_cells
from aldis.cli.admin import whoever_runs_this
from aldis.cli.opened import cell as shown_in
from aldis.cli.opened import echo_json
from aldis.cli.running import config_option, data_dir_option, json_option, run, settings_or_default
from aldis.store.moving.account import AccountFacts

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


@cell.command()
@click.argument("account")
@click.option("--to", "target", metavar="CELL", required=True, help="Where it is to live.")
@click.option("--dry-run", "only_looks", is_flag=True, help="Say what there is to move.")
@click.option("--abandon", "abandons", is_flag=True, help="Have it stay, if it has not left yet.")
@config_option
def move(*, account: str, target: str, only_looks: bool, abandons: bool, config_file: Path) -> None:
    """Move ACCOUNT to another cell, with all that it has and owes.

    Copies while both cells serve; then nothing is accepted for it for about a second for each 100,000
    messages that wait. Ended at any time, it goes on when it is called again.
    """
    settings = settings_or_default(config_file)
    if only_looks:
        click.echo(_told(run(moving_account.look_at(settings, account, target))))
    elif abandons:
        run(moving_account.abandon(settings, account, target))
        click.echo(f"{account} stays where it is")
    else:
        moved = run(moving_account.move(settings, account, target, whoever_runs_this(), click.echo))
        click.echo(f"{account} lives in {target} with {moved.messages} messages; {_money(moved.money)}")
        if moved.closed_s:
            still = f"all others' writes in the cell that it left waited for {moved.still_s:.2f} s of that"
            click.echo(f"Nothing was accepted for it for {moved.closed_s:.2f} s; {still}")


def _told(facts: AccountFacts) -> str:
    begun = f"the move has begun: {facts.state}\n" if facts.state else ""
    return (
        f"{begun}{facts.queued} messages wait to be sent, {facts.pending_postbacks} postbacks are pending, "
        f"{facts.jobs} jobs have not ended; {_money(facts.money)}"
    )


def _money(micros: tuple[int, ...]) -> str:
    credited, held, spent = map(from_micros, micros)
    return f"{credited} credited, {held} held, {spent} spent"
