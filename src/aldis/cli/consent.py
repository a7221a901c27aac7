"""`aldis consent`: who agreed to hear from whom: import, export, one number's history."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from aldis.admin.consents import Consents, Wish, check, read_numbers
from aldis.app.entropy import token
from aldis.app.stores import open_store
from aldis.cli.admin import whoever_runs_this
from aldis.cli.running import (
    config_option,
    data_dir_option,
    existing_store,
    printable,
    run,
    settings_or_default,
)
from aldis.clock import as_datetime
from aldis.errors import GatewayError
from aldis.settings import Settings
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind


@click.group()
def consent() -> None:
    """Look after who agreed to hear from whom."""


@consent.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
def show(*, number: str, as_json: bool, config_file: Path, data_dir: Path) -> None:
    """Tell the history of NUMBER, newest first."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    found = run(_history(settings, data_dir, number.lstrip("+")))
    if as_json:
        click.echo(
            msgspec.json.format(msgspec.json.encode([msgspec.structs.asdict(c) for c in found])).decode()
        )
        return
    for change in found:
        when = as_datetime(change.at).strftime("%Y-%m-%d %H:%M:%S")
        topic = change.topic or "everything"
        words = f": {printable(change.words)}" if change.words else ""
        click.echo(f"{when}  {change.kind}  {change.sender}  {topic}  by {change.source}{words}")
    if not found:
        click.echo(f"nothing is known of {number}")


async def _history(settings: Settings, data_dir: Path, number: str) -> list[ConsentChange]:
    store = open_store(settings, data_dir)
    try:
        return await store.consent.history(number, 1000)
    finally:
        await store.close()


@consent.command("opt-in")
@click.argument("number")
@click.option("--sender", required=True, help="Whom they agreed to hear from.")
@click.option("--topic", default="", help="The keyword or campaign; without it, take back having left.")
@click.option("--why", default="", help="For the history.")
@config_option
@data_dir_option
def opt_in(*, number: str, sender: str, topic: str, why: str, config_file: Path, data_dir: Path) -> None:
    """Write down that NUMBER agreed; who said STOP by handset comes back by handset only."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    run(_change(settings, data_dir, Wish(sender, topic, ConsentKind.OPT_IN), number, why))
    click.echo(f"{number} has opted in")


@consent.command("opt-out")
@click.argument("number")
@click.option("--sender", required=True, help="Whom they hear from no more.")
@click.option("--topic", default="", help="The keyword or campaign; without it, everything.")
@click.option("--why", default="", help="For the history.")
@config_option
@data_dir_option
def opt_out(*, number: str, sender: str, topic: str, why: str, config_file: Path, data_dir: Path) -> None:
    """Write down that NUMBER has left a topic or everything."""
    settings = existing_store(settings_or_default(config_file), data_dir)
    run(_change(settings, data_dir, Wish(sender, topic, ConsentKind.OPT_OUT), number, why))
    click.echo(f"{number} has opted out")


def _consents(store: Store) -> Consents:
    """Give what changes them, in a process that holds no messages."""
    return Consents(store.consent, store.audit, lambda _opted_out: None, token)


async def _change(settings: Settings, data_dir: Path, wish: Wish, number: str, why: str) -> None:
    store = open_store(settings, data_dir)
    try:
        await _consents(store).change(whoever_runs_this(), wish, number, why, store.clock.now())
    finally:
        await store.close()


@consent.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--sender", required=True, help="Whom they agreed to hear from.")
@click.option("--topic", default="", help="The keyword or campaign.")
@click.option("--opt-out", "opts_out", is_flag=True, help="They left: the topic, or without one everything.")
@config_option
@data_dir_option
def import_(
    *, file: TextIO, sender: str, topic: str, opts_out: bool, config_file: Path, data_dir: Path
) -> None:
    """Read numbers from a CSV FILE (- reads stdin)."""
    if not opts_out and not topic:
        raise GatewayError("say with --topic which keyword or campaign they agreed to")
    wish = Wish(sender, topic, ConsentKind.OPT_OUT if opts_out else ConsentKind.OPT_IN)
    check(wish)
    found = read_numbers(file)
    settings = existing_store(settings_or_default(config_file), data_dir)
    changed = run(_import(settings, data_dir, wish, found.numbers))
    verb = "opted out" if opts_out else "opted in"
    click.echo(f"{changed} {verb}, {len(found.numbers) - changed} as they were or not to be brought back")
    for line in found.faults:
        click.echo(line, err=True)
    if found.faulty:
        raise GatewayError(f"{found.faulty} lines have no international number; the others are in")


async def _import(settings: Settings, data_dir: Path, wish: Wish, numbers: list[str]) -> int:
    store = open_store(settings, data_dir)
    changed = 0
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("importing", total=len(numbers))
            consents, now = _consents(store), store.clock.now()
            await consents.note_import(whoever_runs_this(), wish, len(numbers), now)
            async for done, more in consents.take_in(wish, numbers, now):
                changed += more
                progress.advance(task, done)
    finally:
        await store.close()
    return changed


@consent.command()
@click.option("--sender", required=True, help="Whom they agreed to hear from.")
@click.option("--topic", default="", help="The keyword or campaign.")
@click.option("--opt-out", "opts_out", is_flag=True, help="Those who have said STOP instead.")
@config_option
@data_dir_option
def export(*, sender: str, topic: str, opts_out: bool, config_file: Path, data_dir: Path) -> None:
    """Write numbers as CSV to stdout."""
    if bool(topic) == opts_out:
        raise GatewayError("say either --topic or --opt-out")
    settings = existing_store(settings_or_default(config_file), data_dir)
    kind = ConsentKind.OPT_OUT if opts_out else ConsentKind.OPT_IN
    run(_export(settings, data_dir, Wish(sender, topic, kind)))


async def _export(settings: Settings, data_dir: Path, wish: Wish) -> None:
    store = open_store(settings, data_dir)
    try:
        _write(["msisdn"])
        async for numbers in _consents(store).numbers(wish):
            _write(numbers)
    finally:
        await store.close()


def _write(numbers: Iterable[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([number] for number in numbers)
