"""`aldis admin`: the people who may sign in at the console."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

import click

from aldis.accounts.staff import Actor, Role
from aldis.app import open_store
from aldis.cli.running import config_option, data_dir_option, run, settings_or_default
from aldis.clock import SystemClock
from aldis.operating.people import People
from aldis.settings import Settings

ROLES = tuple(role.name.lower() for role in Role)


@click.group()
def admin() -> None:
    """Make and remove those who sign in at the console."""


@admin.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True, help="What they may.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@config_option
@data_dir_option
def create(*, name: str, role: str, password_stdin: bool, config_file: Path, data_dir: Path) -> None:
    """Add NAME, or change their role and password."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked()
    data_dir.mkdir(parents=True, exist_ok=True)
    run(_create(settings_or_default(config_file), data_dir, name, Role[role.upper()], password))
    click.echo(f"{name} may sign in as {role}")


@admin.command()
@click.argument("name")
@config_option
@data_dir_option
def remove(*, name: str, config_file: Path, data_dir: Path) -> None:
    """Let NAME in no more."""
    run(_remove(settings_or_default(config_file), data_dir, name))
    click.echo(f"{name} is gone")


def whoever_runs_this() -> Actor:
    """Give the actor of the command line: whoever can write the data directory may do anything."""
    name = os.environ.get("SUDO_USER") or getpass.getuser()
    return Actor(name, Role.ADMIN, "command line")


def _asked() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


async def _create(settings: Settings, data_dir: Path, name: str, role: Role, password: str) -> None:
    store = open_store(settings, data_dir)
    try:
        people = People(store.staff)
        await people.put_operator(whoever_runs_this(), name, role, password, SystemClock().now())
    finally:
        await store.close()


async def _remove(settings: Settings, data_dir: Path, name: str) -> None:
    store = open_store(settings, data_dir)
    try:
        await People(store.staff).remove_operator(whoever_runs_this(), name, SystemClock().now())
    finally:
        await store.close()
