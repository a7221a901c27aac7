"""`aldis config check`: every fault of a settings file at once, with file and line."""

from __future__ import annotations

from pathlib import Path

import click

from aldis.cli.running import config_option
from aldis.settings import load, password_of


@click.group()
def config() -> None:
    """Look after the settings file."""


@config.command()
@config_option
def check(config_file: Path) -> None:
    """Check the settings file and say everything that is wrong with it."""
    settings = load(config_file)
    for link in settings.link:
        password_of(link)
    links = ", ".join(link.name for link in settings.link) or "none: messages will be accepted and wait"
    click.echo(f"{config_file} is in order. Listens on {settings.http.listen}; links: {links}")
