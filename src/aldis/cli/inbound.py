"""`aldis inbound`: what handsets have sent, also what belongs to nobody."""

from __future__ import annotations

import click
from rich.table import Table

from aldis.cli.opened import StoreLocation, cell, existing_store_options, show, when
from aldis.cli.running import json_option, limit_option
from aldis.errors import GatewayError
from aldis.store.contract.store import Store
from aldis.traffic.content import from_column
from aldis.traffic.inbound import InboundFacts

#: Unix milliseconds beyond which there is nothing
EVER = 2**53


@click.command()
@click.option("--account", default="", help="Those of an account; without it, those that belong to nobody.")
@limit_option(20, 1000)
@json_option
@existing_store_options
def inbound(*, account: str, limit: int, as_json: bool, where: StoreLocation) -> None:
    """List the newest messages from handsets that belong to nobody, or to an account."""
    found = where.run(lambda store: _find(store, account, limit))
    show(found, "no messages", _table, as_json=as_json)


async def _find(store: Store, account: str, limit: int) -> list[InboundFacts]:
    account_id = None
    if account:
        whose = (await store.directory.load()).accounts.get(account)
        if whose is None:
            raise GatewayError(f"there is no account `{account}`")
        account_id = whose.account_id
    found, _ = await store.queries.inbound(account_id, 0, EVER, (0, limit))
    return found


def _table(found: list[InboundFacts]) -> Table:
    table = Table("id", "received", "link", "from", "to", "keyword", "text", "attached")
    for each in found:
        cells = (each.link, each.sender, each.recipient, each.keyword, each.text)
        attached = ", ".join(part.content_type for part in from_column(each.parts))
        table.add_row(str(each.inbound_id), when(each.received_at), *map(cell, (*cells, attached)))
    return table
