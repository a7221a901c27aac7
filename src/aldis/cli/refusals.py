"""`aldis refusals`: the newest refused requests, and why."""

from __future__ import annotations

import click
import msgspec
from rich.table import Table

from aldis.accounts.directory import CurrentDirectory
from aldis.admin import refusals as admin
from aldis.cli.opened import StoreLocation, cell, echo_json, existing_store_options, print_wide, when
from aldis.cli.running import NUMBER, json_option, limit_option
from aldis.clock import as_iso
from aldis.store.contract.refusals import RefusalPage
from aldis.store.contract.store import Store


@click.command()
@click.argument("account", default="")
@limit_option(20, 1000)
@click.option("--before", default=0, type=NUMBER, help="Only those with smaller numbers.")
@json_option
@existing_store_options
def refusals(*, account: str, limit: int, before: int, as_json: bool, where: StoreLocation) -> None:
    """Tell which requests were refused, newest first: of all customers, of ACCOUNT, or, with -, those with
    nobody's credential. What was refused within the last second may be missing.
    """
    page = where.run(lambda store: _latest(store, account, before, limit))
    if as_json:
        echo_json(
            [
                {"refusal_id": number, **msgspec.structs.asdict(each), "at": as_iso(each.at)}
                for number, each in page.found
            ]
        )
    elif not page.found:
        click.echo("no request was refused")
    else:
        print_wide(_table(page))


async def _latest(store: Store, account: str, before: int, limit: int) -> RefusalPage:
    current = CurrentDirectory(await store.directory.load())
    return await admin.latest(store.refusals, current, account, before, limit)


def _table(page: RefusalPage) -> Table:
    table = Table("id", "when", "account", "credential", "from", "request", "reason", "about", "incident")
    for number, each in page.found:
        about = ": ".join(filter(None, (each.parameter, each.value)))
        request = f"{each.dialect}: {each.request}"
        cells = (each.account or "-", each.credential, each.peer, request, each.reason, about, each.incident)
        table.add_row(str(number), when(each.at), *map(cell, cells))
    return table
