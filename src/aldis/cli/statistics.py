"""`aldis statistics`: sums over the kept messages, by one thing at a time."""

from __future__ import annotations

import click
from rich.table import Table

from aldis.admin import query_params
from aldis.admin.csv_export import statistics_lines
from aldis.admin.statistics import StatisticsRow, ends
from aldis.cli.messages import search_options
from aldis.cli.opened import Opened, StoreLocation, as_json, cell, existing_store_options, print_wide, when
from aldis.cli.running import run
from aldis.store.contract.search import Grouping, MessageFilter

BY = [each.value for each in Grouping]


@click.command()
@click.option("--by", type=click.Choice(BY), default="day", show_default=True, help="One line for each.")
@search_options("since", "until", "account", "sender", "country", "link", "label")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@existing_store_options
def statistics(*, by: str, as_csv: bool, as_json_: bool, where: StoreLocation, **given: str) -> None:
    """Sum up what was accepted, delivered, failed and spent: the last seven days, or --since."""
    (wanted, rows), now = where.look(lambda known: _table(known, given, by))
    if as_json_:
        click.echo(as_json(rows))
    elif as_csv:
        run(_export(by, rows))
    else:
        _print(ends(wanted, now), wanted, by, rows)


async def _table(
    known: Opened, given: dict[str, str], by: str
) -> tuple[tuple[MessageFilter, list[StatisticsRow]], int]:
    now = known.store.clock.now()
    wanted = query_params.messages_wanted(given, known.messages.directory, now)
    return await known.statistics.table(wanted, by, now), now


async def _export(by: str, rows: list[StatisticsRow]) -> None:
    async for line in statistics_lines(by, rows):
        click.echo(line, nl=False)


def _print(until: int, wanted: MessageFilter, by: str, rows: list[StatisticsRow]) -> None:
    click.echo(f"accepted from {when(wanted.since)} to {when(until)} UTC")
    table = Table(by, box=None, pad_edge=False)
    for heading in ("accepted", "delivered", "failed", "segments", "money"):
        table.add_column(heading, justify="right")
    for row in rows:
        money = ", ".join(f"{amount} {currency}" for currency, amount in row.money.items())
        counts = (row.accepted, row.delivered, row.failed, row.segments)
        table.add_row(cell(row.key) or "none", *(f"{count:,}" for count in counts), money)
    print_wide(table if rows else "no messages")
