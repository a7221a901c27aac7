"""`aldis inbound`: what handsets have sent, also what belongs to nobody."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.app.stores import open_store
from aldis.cli.running import (
    config_option,
    data_dir_option,
    existing_store,
    printable,
    run,
    settings_or_default,
)
from aldis.clock import as_datetime
from aldis.errors import GatewayError
from aldis.settings import Settings
from aldis.traffic.content import from_column
from aldis.traffic.inbound import InboundFacts

#: Unix milliseconds beyond which there is nothing
EVER = 2**53


@click.command()
@click.option("--account", default="", help="Those of an account; without it, those that belong to nobody.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
def inbound(*, account: str, limit: int, as_json: bool, config_file: Path, data_dir: Path) -> None:
    """List the newest messages from handsets that belong to nobody, or to an account."""
    found = run(_find(existing_store(settings_or_default(config_file), data_dir), data_dir, account, limit))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    elif not found:
        click.echo("no messages")
    else:
        _print(found)


async def _find(settings: Settings, data_dir: Path, account: str, limit: int) -> list[InboundFacts]:
    store = open_store(settings, data_dir)
    try:
        account_id = None
        if account:
            whose = (await store.directory.load()).accounts.get(account)
            if whose is None:
                raise GatewayError(f"there is no account `{account}`")
            account_id = whose.account_id
        found, _ = await store.queries.inbound(account_id, 0, EVER, (0, limit))
        return found
    finally:
        await store.close()


def _print(found: list[InboundFacts]) -> None:
    table = Table("id", "received", "link", "from", "to", "keyword", "text", "attached")
    for each in found:
        when = as_datetime(each.received_at).strftime("%Y-%m-%d %H:%M:%S")
        cells = (each.link, each.sender, each.recipient, each.keyword, each.text)
        attached = ", ".join(part.content_type for part in from_column(each.parts))
        table.add_row(str(each.inbound_id), when, *(escape(printable(cell)) for cell in (*cells, attached)))
    Console().print(table)
