"""`aldis node`: the gateways that work on one database; draining, removing one. Orders go through the store,
so they also work while no gateway runs.
"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from aldis.admin.node_document import document_of
from aldis.admin.nodes import Nodes, ShownNode, unequal
from aldis.cli.admin import whoever_runs_this
from aldis.cli.opened import StoreLocation, cell, echo_json, location_options, when
from aldis.cli.running import config_option, data_dir_option, json_option, settings_or_default
from aldis.store.contract.store import Store

ALONE = "the store is a file: one gateway has it to itself, and is the only node"


@click.group(invoke_without_command=True)
@json_option
@config_option
@data_dir_option
@click.pass_context
def node(context: click.Context, *, as_json: bool, config_file: Path, data_dir: Path) -> None:
    """List the gateways that work on one database, or order one otherwise."""
    if context.invoked_subcommand is not None:
        return
    where = StoreLocation(settings_or_default(config_file), data_dir)
    found = [] if where.path else where.run(lambda store: Nodes(store.nodes).all())
    if as_json:
        echo_json([document_of(each) for each in found])
        return
    if not found:
        click.echo(ALONE if where.path else "no gateway has worked on this database yet")
        return
    Console().print(_table(found))
    for sentence in unequal(found):
        click.echo(sentence, err=True)


def _verb(order: str, does: str, done: str) -> None:
    @node.command(order, help=does)
    @click.argument("name")
    @location_options
    def ordered(*, name: str, where: StoreLocation) -> None:
        """Give the order; `help` says which."""
        actor = whoever_runs_this()

        async def give(store: Store) -> tuple[str, bool]:
            """Give it; tells whether anybody takes part now."""
            nodes = Nodes(store.nodes)
            told = await nodes.order(actor, name, order, store.clock.now())
            return told, any(each.view.takes_part for each in await nodes.all())

        told, is_served = where.run(give)
        click.echo(f"{told} {done}")
        if not is_served:
            click.echo("no gateway takes part now: what is accepted waits", err=True)


_verb("drain", "Have node NAME give away all it has, and take no new requests.", "is to have nothing")
_verb("undrain", "Have node NAME take its share again.", "takes its share again")
_verb("remove", "Forget node NAME, which is lost; if it wakes it writes nothing more.", "is forgotten")


def _table(found: list[ShownNode]) -> Table:
    table = Table("node", "state", "version", "up since", "last said", "has", "links up")
    for each in found:
        view = each.view
        cells = (
            view.name,
            each.standing,
            view.version,
            when(view.started_at),
            when(view.said_at),
            each.share or "-",
            ", ".join(each.links_up) or "-",
        )
        table.add_row(*map(cell, cells))
    return table
