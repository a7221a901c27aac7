"""`aldis apply`: writes the business's directory into the store; running gateways follow within a second."""

from __future__ import annotations

from pathlib import Path

import click

from aldis.accounts import directory_file
from aldis.accounts.directory_file import DirectoryFile
from aldis.accounts.plan import Plan, Stored, plan
from aldis.admin.directory import DirectoryEditor
from aldis.cli.admin import whoever_runs_this
from aldis.cli.opened import StoreLocation, location_options
from aldis.dialects.registry import TRAITS
from aldis.errors import SettingsError
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.store import Store


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@location_options
def apply(*, file: Path, dry_run: bool, where: StoreLocation) -> None:
    """Bring the directory to what FILE says: accounts, credentials, senders, carriers, routes, prices,
    opt-ins.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError([f"{file}: {getattr(fault, 'strerror', None) or 'not UTF-8'}"]) from None
    wanted = directory_file.read(text, str(file), TRAITS)
    if dry_run and where.is_missing:
        changes = plan(wanted, Stored({}, {}), TRAITS)
        _tell(changes, sum(len(opt_ins.numbers) for opt_ins in changes.opt_ins), "would ")
    elif dry_run:
        _tell(*where.run(lambda store: _planned(store, wanted)), "would ")
    else:
        _tell(*where.run(lambda store: _applied(store, wanted)), "")


async def _planned(store: Store, wanted: DirectoryFile) -> tuple[Plan, int]:
    changes = plan(wanted, await store.changes.stored(), TRAITS)
    keys = [OptInKey(o.sender, o.topic, number) for o in changes.opt_ins for number in o.numbers]
    return changes, len(keys) - len(await store.consent.opted_in(keys))


async def _applied(store: Store, wanted: DirectoryFile) -> tuple[Plan, int]:
    editor = DirectoryEditor(store.changes, store.consent)
    return await editor.apply(whoever_runs_this(), wanted, store.clock.now())


def _tell(changes: Plan, opted_in: int, would: str) -> None:
    for line in changes.lines:
        click.echo(would + line)
    if opted_in:
        click.echo(f"{would}opt in {opted_in} numbers")
    if not changes.lines and not opted_in:
        click.echo("nothing to change")
