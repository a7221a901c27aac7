"""`aldis link`: the links and how they stand; stopping, starting, draining one. Orders go through the store,
so they also work while no gateway runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.admin import stranded
from aldis.admin.links import LinkOrders, LinkView, OtherNodes
from aldis.admin.metrics_snapshot import LinkReading, Reading
from aldis.app.stores import node_name
from aldis.cli.admin import whoever_runs_this
from aldis.cli.door import DoorClient, described
from aldis.cli.opened import StoreLocation, location_options, when
from aldis.cli.running import config_option, data_dir_option, json_option, run, settings_or_default
from aldis.clock import SystemClock
from aldis.errors import GatewayError
from aldis.stages.sending.upstream import Condition
from aldis.store.contract.hints import Hint
from aldis.store.contract.store import Store


@click.group(invoke_without_command=True)
@json_option
@config_option
@data_dir_option
@click.pass_context
def link(context: click.Context, *, as_json: bool, config_file: Path, data_dir: Path) -> None:
    """List the links of the settings, or order one otherwise."""
    if context.invoked_subcommand is not None:
        return
    where = StoreLocation(settings_or_default(config_file), data_dir)
    binds, reading = run(_running(where))
    found, routed = where.run(lambda store: _found(store, where, node_name(data_dir) if binds else ""))
    anomalies = {name: each.anomalies for name, each in reading.links.items()}
    now = SystemClock().now() / 1000
    notes = {name: each.notes(now) for name, each in reading.links.items()}
    if as_json:
        rows = [
            {
                **msgspec.to_builtins(each),
                "binds": binds.get(each.name),
                "notes": notes.get(each.name, []),
                "anomalies": [noted._asdict() for noted in anomalies.get(each.name, [])],
            }
            for each in found
        ]
        click.echo(json.dumps([{k: v for k, v in row.items() if k != "condition"} for row in rows], indent=2))
        return
    if not found:
        click.echo("the settings name no link")
    else:
        _print(found, binds, notes)
        for name, all_noted in anomalies.items():
            for noted in all_noted:
                click.echo(f"{name}: {described(noted)}")
    for sentence in routed:
        click.echo(sentence, err=True)


def _verb(order: str, does: str, done: str) -> None:
    @link.command(order, help=does)
    @click.argument("name")
    @location_options
    def ordered(*, name: str, where: StoreLocation) -> None:
        """Give the order; `help` says which."""
        actor = whoever_runs_this()
        where.run(lambda store: _orders(store, where).order(actor, name, order, store.clock.now()))
        click.echo(f"{name} {done}")


_verb("stop", "Have link NAME leave and stay away; its messages wait or take a backup.", "is to stop")
_verb("start", "Have link NAME come back.", "is to run")
_verb("drain", "Have link NAME finish what is in flight, then leave.", "is to drain")


async def _found(store: Store, where: StoreLocation, me: str) -> tuple[list[LinkView], list[str]]:
    """Give the links, and say which routes name one that does not exist. `me`: the node that has answered."""
    orders = _orders(store, where, me=me)
    directory = await store.directory.load()
    return await orders.links(), stranded.routed(directory.routes, [e.name for e in where.settings.link])


async def seen(store: Store, where: StoreLocation) -> LinkOrders:
    """Give the links as a running gateway tells how they stand."""
    binds, reading = await _running(where)
    conditions = {name: _condition(found, reading.links[name]) for name, found in binds.items()}
    return _orders(store, where, conditions)


def _condition(binds: list[str], reading: LinkReading) -> Condition:
    answer, at = max(reading.throttled_at.items(), key=lambda each: each[1], default=("", 0.0))
    return Condition(
        binds=tuple(binds),
        in_flight=reading.in_flight,
        window=reading.window,
        per_s=0.0,
        slowed_to=reading.slowed_to or None,
        last_error="",
        last_error_at=0,
        throttled_by=answer,
        throttled_at=int(at * 1000),
        late_at=int(reading.late_at * 1000),
        down_since=int(reading.down_since * 1000),
    )


def _orders(
    store: Store, where: StoreLocation, conditions: Mapping[str, Condition] | None = None, me: str = ""
) -> LinkOrders:
    tps = {entry.name: entry.tps for entry in where.settings.link}
    others = OtherNodes(store.nodes, me)
    return LinkOrders(
        store.link_states,
        store.metrics,
        others,
        tps,
        lambda: conditions or {},
        lambda: store.hints.tell(Hint(orders=True)),
    )


async def _running(where: StoreLocation) -> tuple[dict[str, list[str]], Reading]:
    """Ask how the binds of each link stand, and for the counters; nothing where no gateway answers."""
    async with DoorClient(where.settings.http) as door:
        try:
            return await door.binds(), await door.reading()
        except GatewayError:
            return {}, Reading()


def _print(found: list[LinkView], binds: dict[str, list[str]], notes: dict[str, list[str]]) -> None:
    table = Table("link", "wanted", "by", "binds", "waiting", "tps", "notes")
    for each in found:
        by = f"{each.actor}, {when(each.at)}" if each.actor else "-"
        here = [", ".join(binds[each.name])] if each.name in binds else []
        there = [f"{node}: {', '.join(standing.binds)}" for node, standing in each.elsewhere.items()]
        stand = "\n".join(here + there) or "no gateway answers"
        if not each.is_known:
            stand = "not in the settings"
        tps = "-" if each.tps is None else f"{each.tps:g}"
        said = "; ".join(notes.get(each.name, [])) or "-"
        cells = (each.name, each.wanted.value, by, stand, str(each.backlog), tps, said)
        table.add_row(*map(escape, cells))
    Console().print(table)
