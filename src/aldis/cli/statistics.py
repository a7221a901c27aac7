"""`aldis statistics`: sums over the kept messages, by one thing at a time."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.admin import query_params
from aldis.admin.csv_export import statistics_lines
from aldis.admin.statistics import StatisticsRow, ends
from aldis.cli.messages import search_options
from aldis.cli.opened import as_json, opened, when
from aldis.cli.running import (
    config_option,
    data_dir_option,
    existing_store,
    printable,
    run,
    settings_or_default,
)
from aldis.clock import SystemClock
from aldis.settings import Settings
from aldis.store.contract.search import Grouping, MessageFilter

BY = [each.value for each in Grouping]


@click.command()
@click.option("--by", type=click.Choice(BY), default="day", show_default=True, help="One line for each.")
@search_options("since", "until", "account", "sender", "country", "link", "label")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
def statistics(
    *, by: str, as_csv: bool, as_json_: bool, config_file: Path, data_dir: Path, **given: str
) -> None:
    """Sum up what was accepted, delivered, failed and spent: the last seven days, or --since."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    wanted, rows = run(_table(settings, data_dir, given, by))
    if as_json_:
        click.echo(as_json(rows))
    elif as_csv:
        run(_export(by, rows))
    else:
        _print(wanted, by, rows)


async def _table(
    settings: Settings, data_dir: Path, given: dict[str, str], by: str
) -> tuple[MessageFilter, list[StatisticsRow]]:
    async with opened(settings, data_dir) as known:
        now = known.store.clock.now()
        wanted = query_params.messages_wanted(given, known.messages.directory, now)
        return await known.statistics.table(wanted, by, now)


async def _export(by: str, rows: list[StatisticsRow]) -> None:
    async for line in statistics_lines(by, rows):
        click.echo(line, nl=False)


def _print(wanted: MessageFilter, by: str, rows: list[StatisticsRow]) -> None:
    until = ends(wanted, SystemClock().now())
    click.echo(f"accepted from {when(wanted.since)} to {when(until)} UTC")
    table = Table(by, box=None, pad_edge=False)
    for heading in ("accepted", "delivered", "failed", "segments", "money"):
        table.add_column(heading, justify="right")
    for row in rows:
        money = ", ".join(f"{amount} {currency}" for currency, amount in row.money.items())
        counts = (row.accepted, row.delivered, row.failed, row.segments)
        table.add_row(escape(printable(row.key)) or "none", *(f"{count:,}" for count in counts), money)
    console = Console()
    Console(width=None if console.is_terminal else 200).print(table if rows else "no messages")
