"""`aldis consent`: who agreed to hear from whom: import, export, one number's history."""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from aldis.app import open_store
from aldis.cli.running import (
    config_option,
    data_dir_option,
    existing_store,
    printable,
    run,
    settings_or_default,
)
from aldis.clock import SystemClock, as_datetime
from aldis.errors import GatewayError
from aldis.settings import Settings
from aldis.sms.address import is_msisdn, is_sender
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource

#: numbers a transaction, and the breath between two: a running gateway writes to the same file
CHUNK = 300
BREATH_S = 0.005
#: columns that hold the number, by the names that people give them
COLUMNS = ("msisdn", "mobile", "number", "phone", "phone_number")
MAX_SHOWN = 10


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
        return await store.consents(number, 1000)
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
    if not is_sender(sender):
        raise GatewayError(f"`{sender}` cannot be a sender")
    try:
        numbers, faults = _numbers(file)
    except (UnicodeDecodeError, csv.Error) as fault:
        raise GatewayError(f"{file.name} is no CSV file in UTF-8: {fault}") from None
    kind = ConsentKind.OPT_OUT if opts_out else ConsentKind.OPT_IN
    now = SystemClock().now()
    changes = (ConsentChange(sender, topic, number, kind, ConsentSource.FILE, "", now) for number in numbers)
    settings = existing_store(settings_or_default(config_file), data_dir)
    changed = run(_import(settings, data_dir, changes, len(numbers)))
    verb = "opted out" if opts_out else "opted in"
    click.echo(f"{changed} {verb}, {len(numbers) - changed} as they were or not to be brought back")
    for line in faults[:MAX_SHOWN]:
        click.echo(line, err=True)
    if faults:
        raise GatewayError(f"{len(faults)} lines have no international number; the others are in")


def _numbers(file: TextIO) -> tuple[list[str], list[str]]:
    """Read the numbers of a file, each once, and say which lines have none."""
    found: dict[str, None] = {}
    faults: list[str] = []
    column = 0
    for line, row in enumerate(csv.reader(file), start=1):
        names = [cell.strip().lower() for cell in row]
        if line == 1 and not any(character.isdigit() for character in "".join(names)):
            column = next((names.index(name) for name in COLUMNS if name in names), 0)
            continue
        number = row[column].strip().lstrip("+") if column < len(row) else ""
        if is_msisdn(number):
            found[number] = None
        elif row:
            faults.append(f"line {line}: no international number in column {column + 1}")
    return list(found), faults


async def _import(settings: Settings, data_dir: Path, changes: Iterator[ConsentChange], total: int) -> int:
    store = open_store(settings, data_dir)
    changed = 0
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("importing", total=total)
            while chunk := list(islice(changes, CHUNK)):
                changed += sum(await store.change_consents(chunk))
                progress.advance(task, len(chunk))
                await asyncio.sleep(BREATH_S)
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
    run(_export(settings, data_dir, sender, topic))


async def _export(settings: Settings, data_dir: Path, sender: str, topic: str) -> None:
    store = open_store(settings, data_dir)
    after = ""
    try:
        _write(["msisdn"])
        while True:
            if topic:
                numbers = await store.consented(sender, topic, after, CHUNK)
            else:
                numbers = await store.opted_out(sender, after, CHUNK)
            _write(numbers)
            if len(numbers) < CHUNK:
                return
            after = numbers[-1]
    finally:
        await store.close()


def _write(numbers: Iterable[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([number] for number in numbers)
