"""`aldis admin` and `aldis audit`: who may sign in at the console, keys of the admin API, what was done."""

from __future__ import annotations

import getpass
import json
import os
import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.accounts.staff import Actor, ApiToken, AuditEntry, Operator, Role
from aldis.admin.operators import MAX_DAYS, People
from aldis.app.entropy import token
from aldis.app.stores import open_store
from aldis.cli.running import (
    config_option,
    data_dir_option,
    existing_store,
    printable,
    run,
    settings_or_default,
)
from aldis.clock import as_datetime
from aldis.settings import Settings

ROLES = tuple(role.name.lower() for role in Role)


@click.group()
def admin() -> None:
    """Look after those who sign in at the console, and the keys of the admin API."""


@admin.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True, help="What they may.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@config_option
@data_dir_option
def create(*, name: str, role: str, password_stdin: bool, config_file: Path, data_dir: Path) -> None:
    """Add NAME, or change their role and password."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
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


@admin.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
def list_(*, as_json: bool, config_file: Path, data_dir: Path) -> None:
    """List who may sign in, and the keys."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    operators, tokens = run(_staff(settings, data_dir))
    rows = [_Listed("operator", each.name, each.role.name.lower()) for each in operators]
    rows += [_Listed("key", each.name, each.role.name.lower(), each.until or None) for each in tokens]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    elif not rows:
        click.echo("nobody may sign in; make somebody with: aldis admin create NAME")
    else:
        table = Table("kind", "name", "role", "valid until")
        for row in rows:
            until = f"{as_datetime(row.until):%Y-%m-%d %H:%M}" if row.until else "for good"
            table.add_row(row.kind, row.name, row.role, until)
        Console().print(table)


class _Listed(msgspec.Struct):
    kind: str
    name: str
    role: str
    #: Unix milliseconds; None: for good
    until: int | None = None


@admin.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What it may.")
@click.option("--days", type=click.IntRange(1, MAX_DAYS), help="How long it is valid; without it, for good.")
@config_option
@data_dir_option
def key(*, name: str, role: str, days: int | None, config_file: Path, data_dir: Path) -> None:
    """Make a key NAME of the admin API and print it, this once."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    click.echo(run(_make_key(settings, data_dir, name, Role[role.upper()], days)))


@admin.command("revoke-key")
@click.argument("name")
@config_option
@data_dir_option
def revoke_key(*, name: str, config_file: Path, data_dir: Path) -> None:
    """Take key NAME back."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    run(_revoke_key(settings, data_dir, name))
    click.echo(f"{name} is not valid any more")


@click.command("audit")
@click.argument("subject", default="")
@click.option(
    "--limit", default=30, show_default=True, type=click.IntRange(1, 1000), help="How many at most."
)
@click.option("--before", default=0, type=click.IntRange(0), help="Only entries with smaller numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
def audit_log(
    *, subject: str, limit: int, before: int, as_json: bool, config_file: Path, data_dir: Path
) -> None:
    """Tell what was done by whom, newest first; all of it, or what is about SUBJECT."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    found = run(_audit(settings, data_dir, subject, before, limit))
    if as_json:
        rows = [{"entry": number, **msgspec.structs.asdict(entry)} for number, entry in found]
        click.echo(json.dumps(rows, indent=2))
    elif not found:
        click.echo("nothing was done yet")
    else:
        table = Table("entry", "when", "who", "did", "about", "detail")
        for number, entry in found:
            when = f"{as_datetime(entry.at):%Y-%m-%d %H:%M:%S}"
            cells = (f"{entry.actor}, {entry.via}", entry.action, entry.subject, entry.detail)
            table.add_row(str(number), when, *(escape(printable(cell)) for cell in cells))
        Console().print(table)


def whoever_runs_this() -> Actor:
    """Give the actor of the command line: whoever can write the data directory may do anything."""
    name = os.environ.get("SUDO_USER") or getpass.getuser()
    return Actor(name, Role.ADMIN, "command line")


def _asked() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


async def _create(settings: Settings, data_dir: Path, name: str, role: Role, password: str) -> None:
    store = open_store(settings, data_dir)
    try:
        people = People(store.operators, token)
        await people.put_operator(whoever_runs_this(), name, role, password, store.clock.now())
    finally:
        await store.close()


async def _remove(settings: Settings, data_dir: Path, name: str) -> None:
    store = open_store(settings, data_dir)
    try:
        await People(store.operators, token).remove_operator(whoever_runs_this(), name, store.clock.now())
    finally:
        await store.close()


async def _staff(settings: Settings, data_dir: Path) -> tuple[list[Operator], list[ApiToken]]:
    store = open_store(settings, data_dir)
    try:
        return await store.operators.all(), await store.operators.tokens()
    finally:
        await store.close()


async def _make_key(settings: Settings, data_dir: Path, name: str, role: Role, days: int | None) -> str:
    store = open_store(settings, data_dir)
    try:
        people, now = People(store.operators, token), store.clock.now()
        return await people.make_token(whoever_runs_this(), name, role, days or 0, now)
    finally:
        await store.close()


async def _revoke_key(settings: Settings, data_dir: Path, name: str) -> None:
    store = open_store(settings, data_dir)
    try:
        await People(store.operators, token).remove_token(whoever_runs_this(), name, store.clock.now())
    finally:
        await store.close()


async def _audit(
    settings: Settings, data_dir: Path, subject: str, before: int, limit: int
) -> list[tuple[int, AuditEntry]]:
    store = open_store(settings, data_dir)
    try:
        return await store.audit.log(before, limit, subject)
    finally:
        await store.close()
