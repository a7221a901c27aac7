"""`aldis migrate`: moves the store to another engine while the gateway serves."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from aldis.accounts.price import from_micros
from aldis.app import moving
from aldis.cli.running import config_option, data_dir_option, run, settings_or_default
from aldis.errors import SettingsError
from aldis.settings import shown_store
from aldis.toml_file import with_text


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--switch", "switches", is_flag=True, help="At the end, have --config name TO.")
@click.option("--abandon", "abandons", is_flag=True, help="Have FROM as it was; what TO has is no store.")
@config_option
@data_dir_option
def migrate(
    *, source: str, target: str, switches: bool, abandons: bool, config_file: Path, data_dir: Path
) -> None:
    """Move the store FROM one engine TO another, each as `[store] url` says it.

    Copies while the gateway serves, then asks to stop it, and moves what is left in about a second. Ended at
    any time, it goes on when it is called again. When it is done, FROM is no store any more.
    """
    if abandons:
        run(moving.abandon(source, data_dir))
        click.echo(f"{shown_store(source)} is as it was; drop what {shown_store(target)} has of it")
        return
    if switches and settings_or_default(config_file).store.url != source:
        raise SettingsError([f"{config_file}: [store] url is not {shown_store(source)}"])
    moved = run(moving.move(source, target, data_dir, click.echo))
    credited, held, spent = map(from_micros, moved.money)
    click.echo(
        f"{moved.messages} messages and {moved.accounts} accounts are at {shown_store(target)}: "
        f"{credited} credited, {held} held, {spent} spent, on both sides"
    )
    if moved.closed_s:
        click.echo(f"Nobody could write for {moved.closed_s:.2f} s")
    if switches:
        _switch(config_file, target)
        click.echo(f"{config_file} names it. Start the gateway")
    else:
        click.echo(f"Have `url` under [store] name it ({shown_store(target)}), and start the gateway")


def _switch(config_file: Path, url: str) -> None:
    """Have the settings name another store: the file is the old one or the new one, whole."""
    path = config_file.resolve()
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    written = with_text(text, "store", "url", url, str(config_file))
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(written)
        file.flush()
        os.fsync(descriptor)
        if path.exists():
            os.fchmod(descriptor, path.stat().st_mode & 0o777)
    Path(name).replace(path)
