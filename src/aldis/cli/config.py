"""`aldis config check`: every fault of a settings file at once, with file and line."""

from __future__ import annotations

from pathlib import Path

import click

from aldis.admin import stranded
from aldis.app.linking import missing_pillow
from aldis.cli.opened import StoreLocation
from aldis.cli.running import config_option, data_dir_option
from aldis.errors import SettingsError
from aldis.settings import load


@click.group()
def config() -> None:
    """Look after the settings file."""


@config.command()
@config_option
@data_dir_option
def check(config_file: Path, data_dir: Path) -> None:
    """Check the settings file and say everything that is wrong with it, and what in the store needs a link
    that it does not name.
    """
    settings = load(config_file)
    problems: list[str] = []
    for link in settings.link:
        for look in (link.secret, link.tls_context):
            try:
                look()
            except SettingsError as fault:
                problems += [f"{config_file}: {problem}" for problem in fault.problems]
    if problems:
        raise SettingsError(problems)
    links = ", ".join(link.name for link in settings.link) or "none: messages will be accepted and wait"
    for setting in missing_pillow(settings.link, settings.messages):
        click.echo(f"{setting} has no effect: Pillow is not installed (the extra `mms`)", err=True)
    where = StoreLocation(settings, data_dir)
    if not where.is_missing:
        names = [link.name for link in settings.link]
        for sentence in where.run(lambda store: stranded.look(store.metrics, store.directory, names)):
            click.echo(sentence, err=True)
    click.echo(f"{config_file} is in order. Listens on {settings.http.listen}; links: {links}")
