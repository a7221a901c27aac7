"""`aldis admin` and `aldis audit`: who may sign in at the console, keys of the admin API, what was done."""

from __future__ import annotations

import getpass
import json
import os
import sys

import click
import msgspec
from rich.console import Console
from rich.table import Table

from aldis.accounts.staff import Actor, ApiToken, Operator, Role
from aldis.admin.operators import MAX_DAYS, session_id_of
from aldis.app.people import people_of
from aldis.cli.opened import StoreLocation, cell, existing_store_options, location_options, show, when
from aldis.cli.running import NUMBER, json_option, limit_option
from aldis.clock import as_datetime
from aldis.store.contract.store import Store

ROLES = tuple(role.name.lower() for role in Role)


@click.group()
def admin() -> None:
    """Look after those who sign in at the console, and the keys of the admin API."""


@admin.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True, help="What they may.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@location_options
def create(*, name: str, role: str, password_stdin: bool, where: StoreLocation) -> None:
    """Add NAME, or change their role and password."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked()
    where.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted, actor = Role[role.upper()], whoever_runs_this()
    where.run(lambda store: people_of(store).put_operator(actor, name, wanted, password, store.clock.now()))
    click.echo(f"{name} may sign in as {role}")


@admin.command()
@click.argument("name")
@location_options
def remove(*, name: str, where: StoreLocation) -> None:
    """Let NAME in no more."""
    actor = whoever_runs_this()
    where.run(lambda store: people_of(store).remove_operator(actor, name, store.clock.now()))
    click.echo(f"{name} is gone")


@admin.command("list")
@json_option
@existing_store_options
def list_(*, as_json: bool, where: StoreLocation) -> None:
    """List who may sign in, and the keys."""
    operators, tokens = where.run(_staff)
    rows = [_Listed("operator", each.name, each.role.name.lower()) for each in operators]
    rows += [
        _Listed("key", each.name, each.role.name.lower(), each.until or None, each.made_by) for each in tokens
    ]
    show(rows, "nobody may sign in; make somebody with: aldis admin create NAME", _table, as_json=as_json)


def _table(rows: list[_Listed]) -> Table:
    table = Table("kind", "name", "role", "valid until", "ends with")
    for row in rows:
        until = f"{as_datetime(row.until):%Y-%m-%d %H:%M}" if row.until else "for good"
        table.add_row(row.kind, row.name, row.role, until, row.made_by)
    return table


class _Listed(msgspec.Struct):
    kind: str
    name: str
    role: str
    #: Unix milliseconds; None: for good
    until: int | None = None
    #: the admin who made a key; "": it ends with nobody
    made_by: str = ""


@admin.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What it may.")
@click.option("--days", type=click.IntRange(1, MAX_DAYS), help="How long it is valid; without it, for good.")
@existing_store_options
def key(*, name: str, role: str, days: int | None, where: StoreLocation) -> None:
    """Make a key NAME of the admin API and print it, this once."""
    click.echo(where.run(lambda store: _make_key(store, name, Role[role.upper()], days)))


@admin.command("revoke-key")
@click.argument("name")
@existing_store_options
def revoke_key(*, name: str, where: StoreLocation) -> None:
    """Take key NAME back."""
    actor = whoever_runs_this()
    where.run(lambda store: people_of(store).remove_token(actor, name, store.clock.now()))
    click.echo(f"{name} is not valid any more")


@admin.command()
@json_option
@existing_store_options
def sessions(*, as_json: bool, where: StoreLocation) -> None:
    """List who is signed in at the console."""
    found = where.run(lambda store: people_of(store).sessions(store.clock.now()))
    rows = [
        _ListedSession(session_id_of(each), each.operator, each.address, each.started_at, each.expires_at)
        for each in found
    ]
    show(rows, "nobody is signed in", _table_of_sessions, as_json=as_json)


@admin.command("end-session")
@click.argument("session_id", metavar="ID")
@existing_store_options
def end_session(*, session_id: str, where: StoreLocation) -> None:
    """Sign a browser out; `aldis admin sessions` names it."""
    actor = whoever_runs_this()
    where.run(lambda store: people_of(store).end_session(actor, session_id, store.clock.now()))
    click.echo(f"{session_id} is over")


class _ListedSession(msgspec.Struct):
    id: str
    operator: str
    address: str
    #: Unix milliseconds
    started_at: int
    expires_at: int


def _table_of_sessions(rows: list[_ListedSession]) -> Table:
    table = Table("id", "operator", "from", "since", "until")
    for row in rows:
        table.add_row(row.id, row.operator, cell(row.address), when(row.started_at), when(row.expires_at))
    return table


@click.command("audit")
@click.argument("subject", default="")
@limit_option(30, 1000)
@click.option("--before", default=0, type=NUMBER, help="Only entries with smaller numbers.")
@json_option
@existing_store_options
def audit_log(*, subject: str, limit: int, before: int, as_json: bool, where: StoreLocation) -> None:
    """Tell what was done by whom, newest first; all of it, or what is about SUBJECT."""
    found = where.run(lambda store: store.audit.log(before, limit, subject))
    if as_json:
        rows = [{"entry": number, **msgspec.structs.asdict(entry)} for number, entry in found]
        click.echo(json.dumps(rows, indent=2))
    elif not found:
        click.echo("nothing was done yet")
    else:
        table = Table("entry", "when", "who", "did", "about", "detail")
        for number, entry in found:
            cells = (f"{entry.actor}, {entry.via}", entry.action, entry.subject, entry.detail)
            table.add_row(str(number), when(entry.at), *map(cell, cells))
        Console().print(table)


def whoever_runs_this() -> Actor:
    """Give the actor of the command line: whoever can write the data directory may do anything."""
    name = os.environ.get("SUDO_USER") or getpass.getuser()
    return Actor(name, Role.ADMIN, "command line")


def _asked() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


async def _staff(store: Store) -> tuple[list[Operator], list[ApiToken]]:
    return await store.operators.all(), await store.operators.tokens()


async def _make_key(store: Store, name: str, role: Role, days: int | None) -> str:
    return await people_of(store).make_token(whoever_runs_this(), name, role, days or 0, store.clock.now())
