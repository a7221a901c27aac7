"""`aldis link`: the links and how they stand; stopping, starting, draining one. Orders go through the store,
so they also work while no gateway runs.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.admin.links import LinkOrders, LinkView
from aldis.app.stores import open_store
from aldis.cli.admin import whoever_runs_this
from aldis.cli.door import DoorClient
from aldis.cli.running import config_option, data_dir_option, run, settings_or_default
from aldis.clock import as_datetime
from aldis.errors import GatewayError
from aldis.settings import Settings
from aldis.store.contract.store import Store


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
@click.pass_context
def link(context: click.Context, *, as_json: bool, config_file: Path, data_dir: Path) -> None:
    """List the links of the settings, or order one otherwise."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_or_default(config_file)
    found, binds = run(_look(settings, data_dir))
    if as_json:
        rows = [{**msgspec.to_builtins(each), "binds": binds.get(each.name)} for each in found]
        click.echo(json.dumps([{k: v for k, v in row.items() if k != "condition"} for row in rows], indent=2))
    elif not found:
        click.echo("the settings name no link")
    else:
        _print(found, binds)


def _verb(order: str, does: str, done: str) -> None:
    @link.command(order, help=does)
    @click.argument("name")
    @config_option
    @data_dir_option
    def ordered(*, name: str, config_file: Path, data_dir: Path) -> None:
        """Give the order; `help` says which."""
        run(_order(settings_or_default(config_file), data_dir, name, order))
        click.echo(f"{name} {done}")


_verb("stop", "Have link NAME leave and stay away; its messages wait or take a backup.", "is to stop")
_verb("start", "Have link NAME come back.", "is to run")
_verb("drain", "Have link NAME finish what is in flight, then leave.", "is to drain")


def _orders(store: Store, settings: Settings) -> LinkOrders:
    tps = {entry.name: entry.tps for entry in settings.link}
    return LinkOrders(store.link_states, store.metrics, tps, dict, lambda: None)


async def _look(settings: Settings, data_dir: Path) -> tuple[list[LinkView], dict[str, list[str]]]:
    store = open_store(settings, data_dir)
    try:
        found = await _orders(store, settings).links()
        return found, await _binds(settings)
    finally:
        await store.close()


async def _order(settings: Settings, data_dir: Path, name: str, order: str) -> None:
    store = open_store(settings, data_dir)
    try:
        await _orders(store, settings).order(whoever_runs_this(), name, order, store.clock.now())
    finally:
        await store.close()


async def _binds(settings: Settings) -> dict[str, list[str]]:
    """Ask the running gateway how its binds stand; nothing where none answers."""
    try:
        async with DoorClient(settings.http) as door:
            return await door.binds()
    except GatewayError:
        return {}


def _print(found: list[LinkView], binds: dict[str, list[str]]) -> None:
    table = Table("link", "wanted", "by", "binds", "waiting", "tps")
    for each in found:
        by = f"{each.actor}, {as_datetime(each.at):%Y-%m-%d %H:%M:%S}" if each.actor else "-"
        stand = ", ".join(binds.get(each.name, ["no gateway answers"]))
        tps = "-" if each.tps is None else f"{each.tps:g}"
        cells = (each.name, each.wanted.value, by, stand, str(each.backlog), tps)
        table.add_row(*(escape(cell) for cell in cells))
    Console().print(table)
