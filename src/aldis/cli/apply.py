"""`aldis apply`: writes the business's directory into the store; running gateways follow within a second."""

from __future__ import annotations

from pathlib import Path

import click

from aldis.accounts import directory_file
from aldis.accounts.directory_file import DirectoryFile
from aldis.accounts.plan import Plan, Stored, plan
from aldis.admin.directory import DirectoryEditor
from aldis.app.stores import open_store
from aldis.cli.admin import whoever_runs_this
from aldis.cli.running import config_option, data_dir_option, run, settings_or_default
from aldis.dialects.registry import TRAITS
from aldis.errors import SettingsError
from aldis.settings import Settings, store_path
from aldis.store.contract.consent import OptInKey


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@config_option
@data_dir_option
def apply(*, file: Path, dry_run: bool, config_file: Path, data_dir: Path) -> None:
    """Bring the directory to what FILE says: accounts, credentials, senders, carriers, routes, prices,
    opt-ins.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError([f"{file}: {getattr(fault, 'strerror', None) or 'not UTF-8'}"]) from None
    wanted = directory_file.read(text, str(file), TRAITS)
    run(_apply(wanted, settings_or_default(config_file), data_dir, dry_run=dry_run))


async def _apply(wanted: DirectoryFile, settings: Settings, data_dir: Path, *, dry_run: bool) -> None:
    if dry_run and not store_path(settings.store.url, data_dir).exists():
        changes = plan(wanted, Stored({}, {}), TRAITS)
        _tell(changes, sum(len(opt_ins.numbers) for opt_ins in changes.opt_ins), "would ")
        return
    store = open_store(settings, data_dir)
    try:
        if dry_run:
            changes = plan(wanted, await store.changes.stored(), TRAITS)
            keys = [OptInKey(o.sender, o.topic, number) for o in changes.opt_ins for number in o.numbers]
            opted_in = len(keys) - len(await store.consent.opted_in(keys))
        else:
            editor = DirectoryEditor(store.changes, store.consent)
            changes, opted_in = await editor.apply(whoever_runs_this(), wanted, store.clock.now())
    finally:
        await store.close()
    _tell(changes, opted_in, "would " if dry_run else "")


def _tell(changes: Plan, opted_in: int, would: str) -> None:
    for line in changes.lines:
        click.echo(would + line)
    if opted_in:
        click.echo(f"{would}opt in {opted_in} numbers")
    if not changes.lines and not opted_in:
        click.echo("nothing to change")
