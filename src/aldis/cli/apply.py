"""`aldis apply`: writes the business's directory into the store; running gateways follow within a second."""

from __future__ import annotations

from pathlib import Path

import click

from aldis.accounts import directory_file
from aldis.accounts.directory_file import DirectoryFile
from aldis.accounts.plan import plan
from aldis.app import open_store
from aldis.cli.running import config_option, data_dir_option, run, settings_or_default
from aldis.clock import SystemClock
from aldis.dialects.registry import NAMES
from aldis.errors import SettingsError
from aldis.settings import Settings


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
    wanted = directory_file.read(text, str(file), NAMES)
    run(_apply(wanted, settings_or_default(config_file), data_dir, dry_run=dry_run))


async def _apply(wanted: DirectoryFile, settings: Settings, data_dir: Path, *, dry_run: bool) -> None:
    store = open_store(settings, data_dir)
    try:
        changes = plan(wanted, await store.stored_directory())
        for line in changes.lines:
            click.echo(f"would {line}" if dry_run else line)
        if dry_run:
            return
        opted_in = await store.apply(changes, SystemClock().now())
        if opted_in:
            click.echo(f"opt in {opted_in} numbers")
        if not changes.lines and not opted_in:
            click.echo("nothing to change")
    finally:
        await store.close()
