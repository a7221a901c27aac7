"""`aldis clock`: how the clock of this machine stands against what the store knows; says that it is right."""

from __future__ import annotations

import click

from aldis.accounts.staff import audit
from aldis.cli.admin import whoever_runs_this
from aldis.cli.door import DoorClient
from aldis.cli.opened import StoreLocation, echo_json, existing_store_options
from aldis.cli.running import json_option
from aldis.clock import iso_or_none
from aldis.errors import GatewayError
from aldis.store.contract.store import Store


@click.command()
@click.option(
    "--agree", is_flag=True, help="Say that the clock is right; a running gateway believes it again."
)
@json_option
@existing_store_options
def clock(*, agree: bool, as_json: bool, where: StoreLocation) -> None:
    """Compare the clock with the newest instant in the store.

    After a step of a minute or more nothing expires and nothing is forgotten until a second reading agrees:
    the kernel says that the clock is synchronised, it is back where it was, it has run so for an hour, or
    --agree.
    """
    if agree:
        where.run(_agree)
        click.echo("the clock is right, you say: a running gateway believes it within a second")
        return
    facts = where.run(lambda store: _facts(store, where))
    if as_json:
        echo_json(facts)
        return
    for name, value in facts.items():
        click.echo(f"{name.replace('_', ' ')}: {'-' if value in (None, '') else value}")


async def _agree(store: Store) -> None:
    now = store.clock.now()
    entry = audit(whoever_runs_this(), now, "agree on clock", "clock")
    await store.time.agree_on_clock(now, entry)


async def _facts(store: Store, where: StoreLocation) -> dict[str, str | bool | None]:
    try:
        async with DoorClient(where.settings.http) as door:
            doubt: str | None = (await door.ready()).clock.doubt
    except GatewayError:
        doubt = None
    return {
        "now": iso_or_none(store.clock.now()),
        "newest_instant": iso_or_none(await store.time.newest_instant()),
        "synchronised": store.clock.is_synchronised(),
        "agreed_at": iso_or_none(await store.time.clock_agreed_at()),
        "in_doubt": doubt,
    }
